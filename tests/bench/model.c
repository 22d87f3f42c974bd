/*
 * model: the doubles of the benchmark, fast enough not to be what is measured:
 * OpenAI chat completions (streamed or whole) and the meMCP tool calls.
 *
 *   model PORT [DELAY_MS]
 *
 * One thread, epoll.  A request with tools and without a tool's result is
 * answered with one call of `say`; any other with a sentence.  The answer
 * begins DELAY_MS after the request has come.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX (256 * 1024)
#define EVENTS_MAX 256

struct client {
	int fd;
	char *in;
	size_t len, cap;
	const char *answer; /* waits for its time */
	int64_t due_us;
	struct client *next; /* in the queue of waiting answers */
};

static int64_t delay_us;
static struct client *first, **last = &first;

static char stream_text[4096], stream_call[4096], whole_text[4096],
    whole_call[4096], tools_list[2048], tool_result[1024], token_info[512],
    models_list[512];

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
http(char *out, size_t max, const char *type, const char *body)
{
	snprintf(out, max,
	    "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "\r\n%s",
	    type, strlen(body), body);
}

#define CHUNK(choice)                                                \
	"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\"," \
	"\"created\":1,\"model\":\"m\",\"choices\":[" choice "]}\n\n"
#define DELTA(delta, why) \
	CHUNK("{\"index\":0,\"delta\":" delta ",\"finish_reason\":" why "}")
#define USAGE                                                                \
	"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\","         \
	"\"created\":1,\"model\":\"m\",\"choices\":[],\"usage\":{"           \
	"\"prompt_tokens\":20,\"completion_tokens\":8,\"total_tokens\":28}}" \
	"\n\ndata: [DONE]\n\n"
#define WHOLE(message, why)                                              \
	"{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":1,"   \
	"\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":" message \
	",\"finish_reason\":" why "}],\"usage\":{\"prompt_tokens\":20,"  \
	"\"completion_tokens\":8,\"total_tokens\":28}}"
#define CALL                                                              \
	"\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":" \
	"\"say\",\"arguments\":\"{\\\"text\\\":\\\"hi\\\"}\"}"

static void
make_answers(void)
{
	http(stream_text, sizeof(stream_text), "text/event-stream",
	    DELTA("{\"role\":\"assistant\",\"content\":\"\"}", "null")
		DELTA("{\"content\":\"The answer \"}", "null")
		    DELTA("{\"content\":\"is what the tool \"}", "null")
			DELTA("{\"content\":\"said.\"}", "null")
			    DELTA("{}", "\"stop\"") USAGE);
	http(stream_call, sizeof(stream_call), "text/event-stream",
	    DELTA("{\"role\":\"assistant\",\"content\":null,\"tool_calls\":"
		  "[{\"index\":0," CALL "}]}",
		"null") DELTA("{}", "\"tool_calls\"") USAGE);
	http(whole_text, sizeof(whole_text), "application/json",
	    WHOLE("{\"role\":\"assistant\",\"content\":\"The answer is what "
		  "the tool said.\"}",
		"\"stop\""));
	http(whole_call, sizeof(whole_call), "application/json",
	    WHOLE(
		"{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{" CALL
		"}]}",
		"\"tool_calls\""));
	http(tools_list, sizeof(tools_list), "application/json",
	    "{\"status\":\"success\",\"data\":{\"tools\":[{\"name\":\"say\","
	    "\"description\":\"Returns the text\",\"inputSchema\":{\"type\":"
	    "\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},"
	    "\"required\":[\"text\"]}}]}}");
	http(tool_result, sizeof(tool_result), "application/json",
	    "{\"status\":\"success\",\"data\":{\"text\":\"hi\"}}");
	http(models_list, sizeof(models_list), "application/json",
	    "{\"object\":\"list\",\"data\":[{\"id\":\"gpt-4o-mini\","
	    "\"object\":\"model\"}]}");
	http(token_info, sizeof(token_info), "application/json",
	    "{\"status\":\"success\",\"data\":{\"tier\":\"chat\",\"owner\":"
	    "\"o\",\"token_id\":1}}");
}

static const char *
answer_to(const char *head, const char *body)
{
	bool stream, result, tools;

	if (strncmp(head, "GET /mcp/tools", 14) == 0)
		return tools_list;
	if (strncmp(head, "POST /mcp/tools/call", 20) == 0)
		return tool_result;
	if (strncmp(head, "GET /token/info", 15) == 0)
		return token_info;
	if (strncmp(head, "GET /v1/models", 14) == 0)
		return models_list;
	stream = strstr(body, "\"stream\":true") != NULL
	    || strstr(body, "\"stream\": true") != NULL;
	result = strstr(body, "tool_call_id") != NULL;
	tools = strstr(body, "\"tools\"") != NULL;
	if (tools && !result)
		return stream ? stream_call : whole_call;
	return stream ? stream_text : whole_text;
}

static void
send_answer(struct client *c, const char *answer)
{
	size_t len = strlen(answer), done = 0;

	while (done < len) {
		ssize_t n = send(c->fd, answer + done, len - done,
		    MSG_NOSIGNAL);

		if (n <= 0) {
			if (errno == EAGAIN)
				continue;
			return;
		}
		done += (size_t)n;
	}
}

/* One whole request at the front of the buffer? Its length, else 0. */
static size_t
whole_request(struct client *c, char **body)
{
	char *end, *length;
	size_t body_len = 0, head_len;

	c->in[c->len] = '\0';
	end = strstr(c->in, "\r\n\r\n");
	if (end == NULL)
		return 0;
	*end = '\0';
	length = strcasestr(c->in, "\r\ncontent-length:");
	if (length != NULL)
		body_len = strtoul(length + 17, NULL, 10);
	*end = '\r';
	head_len = (size_t)(end + 4 - c->in);
	if (c->len < head_len + body_len)
		return 0;
	*body = end + 4;
	return head_len + body_len;
}

static void
take(struct client *c)
{
	char *body;
	size_t n;

	while (c->answer == NULL && (n = whole_request(c, &body)) > 0) {
		char kept = c->in[n];
		const char *answer;

		c->in[n] = '\0';
		answer = answer_to(c->in, body);
		c->in[n] = kept;
		memmove(c->in, c->in + n, c->len - n);
		c->len -= n;
		if (delay_us == 0 || answer == tools_list
		    || answer == tool_result || answer == token_info) {
			send_answer(c, answer);
			continue;
		}
		c->answer = answer;
		c->due_us = now_us() + delay_us;
		c->next = NULL;
		*last = c;
		last = &c->next;
	}
}

static bool
read_some(struct client *c)
{
	ssize_t n;

	if (c->cap - c->len < 4096) {
		c->cap += 16384;
		if (c->cap > REQUEST_MAX)
			return false;
		c->in = realloc(c->in, c->cap + 1);
		if (c->in == NULL)
			abort();
	}
	n = recv(c->fd, c->in + c->len, c->cap - c->len, 0);
	if (n == 0 || (n == -1 && errno != EAGAIN))
		return false;
	if (n > 0) {
		c->len += (size_t)n;
		take(c);
	}
	return true;
}

/* Answers whose time has come; how long until the next, in ms. */
static int
send_due(void)
{
	while (first != NULL) {
		struct client *c = first;
		int64_t left = c->due_us - now_us();
		const char *answer = c->answer;

		if (left > 0)
			return (int)(left / 1000) + 1;
		first = c->next;
		if (first == NULL)
			last = &first;
		c->answer = NULL;
		if (c->fd == -1) {
			free(c->in);
			free(c);
			continue;
		}
		send_answer(c, answer);
		take(c);
	}
	return -1;
}

static void
end_client(struct client *c)
{
	close(c->fd);
	c->fd = -1;
	if (c->answer == NULL) { /* else send_due frees it */
		free(c->in);
		free(c);
	}
}

static int
listen_on(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1
	    || listen(fd, 4096) == -1) {
		perror("model");
		exit(1);
	}
	return fd;
}

int
main(int argc, char **argv)
{
	struct epoll_event ev = { .events = EPOLLIN }, evs[EVENTS_MAX];
	int ep = epoll_create1(0), listener, wait, n, i, one = 1;

	if (argc < 2) {
		fputs("Usage: model PORT [DELAY_MS]\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	delay_us = argc > 2 ? strtol(argv[2], NULL, 10) * 1000 : 0;
	make_answers();
	listener = listen_on((int)strtol(argv[1], NULL, 10));
	epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev);
	for (;;) {
		wait = send_due();
		n = epoll_wait(ep, evs, EVENTS_MAX, wait);
		for (i = 0; i < n; i++) {
			struct client *c = evs[i].data.ptr;

			if (c == NULL) {
				int fd = accept4(listener, NULL, NULL,
				    SOCK_NONBLOCK);

				if (fd == -1)
					continue;
				setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
				    sizeof(one));
				c = calloc(1, sizeof(*c));
				if (c == NULL)
					abort();
				c->fd = fd;
				ev.data.ptr = c;
				epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
				ev.data.ptr = NULL;
			} else if (!read_some(c))
				end_client(c);
		}
	}
}
