/*
 * mcp_priv: what the files of /mcp share.
 *
 * mcp.c is the endpoint.  mcp_post.c serves the messages of a POST, mcp_answer.c
 * answers it.  One that takes long (mcp_later.h) is handed to another thread by
 * mcp_hand.c, and answered by mcp_park.c.  mcp_who.c says who may ask,
 * mcp_refuse.c how a refusal looks, mcp_methods.c which method is served by
 * which function; a file per noun has those.  Streams that stay open are
 * mcp_stream.h, opened by mcp_listen.c and mcp_get.c; mcp_messages.c is the POST
 * of 2024-11-05, mcp_resume.h goes on with a call's stream.  mcp_edge.c is what
 * the process has for all of it.
 */
#ifndef HANDLERS_MCP_PRIV_H
#define HANDLERS_MCP_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/pool.h"
#include "fcgi/edge.h"
#include "fcgi/request.h"
#include "fcgi/response.h"
#include "fcgi/route.h"
#include "mcp/headers.h"
#include "mcp/server.h"
#include "mcp/write.h"
#include "redis/access.h"
#include "redis/mcps.h"
#include "redis/once.h"
#include "tools/listing.h"

struct task;

#define MCP_JSON "application/json"
#define MCP_STREAM "text/event-stream"
#define MCP_SAID "said" /* front of ids of events of a session's stream */

/* One answer: a tool's result, six bytes for each control character. */
#define MCP_ANSWER_MAX (6 * TOOL_CONTENT_MAX + 1 * MIB)

/* ---- the process (mcp_edge.c) -------------------------------------------- */

#define MCP_LANES_MAX 65     /* SETTINGS_SERVERS_MAX, meMCP, large files */
#define MCP_LANE_WAITING 256 /* calls that wait for one of them */

/* The calls of one server: no more than a quarter of the class's threads. */
struct mcp_lane {
	const char *name; /* NULL: free */
	int running, waiting;
	struct pool_job *first, **last; /* those that wait */
};

struct mcp_edge {
	struct edge *edge;
	struct toolbox *tools;
	struct content *content;      /* resources and prompts */
	const struct seal_ring *ring; /* of session ids */
	_Atomic bool opened;          /* its servers are asked */
	pthread_mutex_t opening;      /* of opened and has_http: a reload may
					 take seconds */
	bool has_http;
	struct mcp_places *places; /* of streams */
	struct mcp_lists *lists;   /* NULL: not opened, or plain CGI */
	_Atomic int alone;         /* threads that wait for a task themselves */
	pthread_mutex_t mu;        /* of the lanes */
	struct mcp_lane lanes[MCP_LANES_MAX];
};

/* Its tools.  The first who asks has the servers asked; their lists may come
 * later (toolbox_wait). */
struct toolbox *mcp_edge_tools(struct mcp_edge *m);

/* May ${job}, a call of the server ${name}, run now?  WAITS: it is done when
 * another one of that server has ended. */
enum mcp_lane_rc { MCP_LANE_RUNS, MCP_LANE_WAITS, MCP_LANE_FULL };
enum mcp_lane_rc mcp_lane_enter(struct mcp_edge *m, const char *name,
    struct pool_job *job, int64_t threads) WARN_UNUSED;
/* One has ended: the next one that waited, which now runs, or NULL. */
struct pool_job *mcp_lane_leave(struct mcp_edge *m, const char *name);
/* May one more thread wait for a task itself?  Then mcp_alone_leave. */
bool mcp_alone_enter(struct mcp_edge *m, int64_t threads) WARN_UNUSED;
void mcp_alone_leave(struct mcp_edge *m);

/* ---- what a key may (mcp_access.c) --------------------------------------- */

/* Of one message. */
struct mcp_right {
	enum access_verdict verdict; /* OK, or one of its limits is reached */
	int64_t wait_ms;             /* then: so long */
};

/* ---- a client's log (mcp_log.c) ------------------------------------------ */

#define MCP_SAID_MAX (16 * KIB) /* of one line; what is behind is cut off */

/* Of the call that runs. */
struct mcp_log {
	enum tool_level from; /* what is less grave is not sent */
	const char *logger;   /* who says it: the tool */
};

/* ---- what is done once (mcp_once.c) -------------------------------------- */

/* Of the message that is served. */
struct mcp_once {
	const char *id; /* NULL: it may be done any number of times */
	const char *asked, *token;
	const char *other; /* what is said to who asks for something else */
	int64_t keep_ms, run_ms;
	bool begun; /* this POST does it */
	bool waits; /* another one does */
};

/* ---- a POST (mcp_post.c) ------------------------------------------------- */

/*
 * All that its messages need, wherever they are served: by the thread that
 * serves the request, until one takes long; then by one of class call.
 */
struct mcp_post {
	struct edge *edge;
	const struct settings *settings;
	struct caller caller;
	const struct api_key *key;      /* what it may */
	const struct mcp_right *rights; /* of each message */
	struct arena *mem;
	struct mcp_head head;
	struct mcp_server server;
	json_t *doc;
	size_t next; /* of a batch, the message that is to be served; else 0 */
	/* Of its session: its record's name ("" none) and what that says.  The
	 * ladder looks at the id's MAC: before that, nothing of it is used. */
	char sid[MCPS_ID_MAX];
	struct mcps mcps;
	unsigned client; /* MCP_CAN_*, where the id does not say it */
	bool says;       /* answers are said to the session (mcp_messages.c) */

	/* What a thread of class call may do besides. */
	bool may_wait;
	const volatile int *cancel;
	void (
	    *progress)(void *arg, double value, double total, const char *text);
	/* What is called now says so to its client's log; the same arg. */
	void (*say)(void *arg, enum tool_level level, const char *text);
	void *arg;
	struct mcp_log log;

	/* What comes of it. */
	struct buf out; /* empty: nothing is to be said (202) */
	int status;
	int64_t retry_s;                  /* 0: none */
	char session[MCP_SESSION_ID_MAX]; /* that initialize began; "" none */
	struct mcp_stream *stream; /* that it is answered by; NULL: by out */
	/* Of the message that takes long. */
	const char *lane;    /* whose call; NULL: lists are waited for */
	bool closes;         /* who closes the connection cancels it */
	bool resumes;        /* its stream goes on by Last-Event-ID ... */
	bool primes;         /* ... and begins with an id of no event */
	const json_t *token; /* progress is told by it; NULL: none */
	struct mcp_once once;
	/* To questions on the call's stream (mcp_ask.c); NULL: none yet. */
	const json_t *answers;
	const char *state;
	const char *refused;     /* the client does not answer: why */
	bool can_ask;            /* on a stream of its own */
	int rounds;              /* in which it was asked */
	const json_t *questions; /* that are to be asked; its method WAITS */

	/* A call that goes on as a task, for a client that cannot ask for tasks
	 * (mcp_tasks.h). */
	const char *address;     /* of what is parked; NULL: nothing is */
	const char *awaits;      /* the task's name; NULL: none is awaited */
	const struct task *over; /* how it ended: its method is called again */
};

/* ${req}, which must live as long as ${p}, or be replaced in it. */
void mcp_post_init(struct mcp_post *p, struct request *req);
void mcp_post_fini(struct mcp_post *p);

/* Who asks ${req}, with which rights.  False: ${why} says why not. */
bool mcp_access(struct request *req, struct mcp_post *p,
    struct refusal *why) WARN_UNUSED;

/* Serve its messages from ${p}->next on.  False: the next one takes long, and
 * this thread may not wait. */
bool mcp_post_serve(struct mcp_post *p) WARN_UNUSED;
/* It is not served: the answer says so, with HTTP's status as code. */
void mcp_post_fail(struct mcp_post *p, int status, const char *why);
/* mcp_event.c: append ${json} to ${out} as an event. */
int mcp_event(struct buf *out, const struct buf *json) WARN_UNUSED;

/* mcp_hand.c: have the rest of ${p} served by another thread, and answered
 * then.  Returns as a handler does. */
int mcp_hand_over(struct request *req, struct mcp_post *p);
/* The same of a post whose answers are said: nothing of ${req} waits. */
void mcp_hand_to_say(struct request *req, struct mcp_post *p);
/* mcp_answer.c: answer with what came of it.  The same. */
int mcp_answer(struct request *req, struct mcp_post *p);

/* mcp_say.c: say what came of ${p} to its session, from a thread that may
 * wait. */
void mcp_messages_say(struct mcp_post *p);

/* ---- one message --------------------------------------------------------- */

/* What came with a request that answers questions. */
struct mcp_asked {
	const json_t *answers; /* KEY -> answer, or NULL */
	const char *state;     /* the tool's own, or NULL */
	const char *nonce;     /* of the state that was given out; NULL: none */
};

/* What its method's function works with. */
struct mcp_work {
	struct mcp_post *post;
	struct arena *mem;
	struct mcp_call call;
	struct mcp_asked asked;
};

/*
 * A method: append its whole answer to ${out}: MCP_DONE; or say in ${fault} why
 * there is none: MCP_FAILED, which is also that ${out} is full.  MCP_WAITS: it
 * takes long, and this thread may not wait.
 */
#define MCP_DONE 0
#define MCP_FAILED (-1)
#define MCP_WAITS 1
typedef int mcp_fn(struct mcp_work *w, struct buf *out,
    struct mcp_fault *fault);

/* mcp_access.c: has its key called too often?  Then ${fault} says so. */
bool mcp_is_limited(struct mcp_work *w, struct mcp_fault *fault);
/* The same of this tool: a text for the model; NULL: no. */
const char *mcp_tool_limit(struct mcp_work *w);
/* May its key call ${t}?  What it may not call it does not see. */
bool mcp_may(const struct mcp_post *p, const struct listed_tool *t);
/* mcp_count.c: the tools that the key of ${post} may call, and their sources. */
void mcp_count(const void *post, size_t *tools, size_t *sources);
/* What is asked of it later, in ${mem}. */
const struct api_key *mcp_key_copy(struct arena *mem,
    const struct api_key *key);

/* mcp_check.c: NULL: ${arguments} fit ${t}; by mcp.coerce, they may be others
 * then.  Else why not: a sentence. */
const char *mcp_check_arguments(struct mcp_work *w, const struct listed_tool *t,
    const json_t **arguments);
/* What a method returns then: told as the call's revision has it. */
int mcp_refuse_arguments(struct mcp_work *w, const char *why, struct buf *out,
    struct mcp_fault *fault);

/* mcp_log.c: does who calls ${tool} want to hear what it says?  Then how that
 * is said, and ${w}->post->log is set; NULL: no. */
typedef void mcp_say_fn(void *arg, enum tool_level level, const char *text);
mcp_say_fn *mcp_say(struct mcp_work *w, const char *tool);
mcp_fn mcp_set_level;
/* Append notifications/message to ${out}. */
int mcp_log_write(struct buf *out, const struct mcp_log *log,
    enum tool_level level, const char *text) WARN_UNUSED;

/* mcp_listen.c */
mcp_fn mcp_listen;
/* mcp_subscribe.c */
mcp_fn mcp_subscribe, mcp_unsubscribe;
/*
 * mcp_once.c: which call it is, by the Idempotency-Key that may stand with it.
 * False: ${fault}, which is none.
 */
bool mcp_once_key(struct mcp_work *w, const struct listed_tool *t,
    const json_t *arguments, struct mcp_fault *fault);
/* True: make it, then mcp_once_end or mcp_once_forget.  False: return *${rc};
 * it was made, or another one makes it. */
bool mcp_once_begin(struct mcp_work *w, struct buf *out,
    struct mcp_fault *fault, int *rc);
/* It ended as ${rc}, with the answer that stands in ${out} from ${from} on, or
 * ${fault}.  Of what waits, nothing is known yet. */
void mcp_once_end(struct mcp_work *w, int rc, const struct buf *out,
    size_t from, const struct mcp_fault *fault);
/* It was not made after all. */
void mcp_once_forget(struct mcp_post *p);
/* Have ${p}, parked as ${number}, woken when the other one has made it.  False:
 * it has, or nobody does any more: serve on. */
bool mcp_once_wait(struct mcp_post *p, int64_t number);
/* Of ${doc}, whatever the order of its members; in ${mem}. */
const char *mcp_digest(struct arena *mem, const char *noun, const json_t *doc);

/* mcp_ask.c: read what ${w} answers, into ${w}->asked.  False: ${fault}. */
bool mcp_ask_read(struct mcp_work *w, struct mcp_fault *fault);
/* Answer with ${questions}, of those kinds that the client declared; ${state}
 * comes back with the answers. */
int mcp_ask_write(struct mcp_work *w, const json_t *questions,
    const char *state, struct buf *out, struct mcp_fault *fault);
/* Have ${questions} asked on the stream of a legacy client's call: WAITS; FAILED:
 * it cannot be asked; DONE: it was asked often enough. */
int mcp_ask_stream(struct mcp_work *w, const json_t *questions,
    const char *state);
/* The questions that this client can be asked; ${lacks}: for the others. */
json_t *mcp_questions_for(const struct mcp_work *w, const json_t *questions,
    unsigned *lacks);
unsigned mcp_question_needs(const json_t *question); /* 0: no such kind */
/* mcp_question.c: the id by which a legacy client is asked the question ${key};
 * NULL: it is too long.  What it answers reaches the call. */
const char *mcp_question_id(const struct mcp_post *p, const char *key);
void mcp_question_heard(struct mcp_work *w, const json_t *doc);
struct chat_name;
void mcp_question_owner(struct chat_name *owner); /* of MCP_PIECE_ANSWER */
#define MCP_PIECE_ANSWER "answer"
#define MCP_ASK_WAIT_MS (5 * 60 * 1000LL) /* a person fills in a form */
#define MCP_ASK_ROUNDS 16                 /* of one call: a tool may err */
#define MCP_ASK_MS (10 * 60 * 1000LL)     /* how long a state is good */

/*
 * mcp_sealed.c: ${doc}, whose reference it takes, as a text that a client gives
 * back, for ${owner} and ${noun} alone; in ${p}->mem.  NULL: it is over ${max}.
 */
const char *mcp_sealed_write(const struct mcp_post *p, const char *owner,
    const char *noun, size_t max, json_t *doc);
/* NULL: no such text of that owner and noun. */
const json_t *mcp_sealed_read(const struct mcp_post *p, const char *owner,
    const char *noun, size_t max, const char *text);

/* mcp_hello.c */
mcp_fn mcp_initialize, mcp_ping, mcp_discover;
/* mcp_tools.c */
mcp_fn mcp_tools_list, mcp_tools_call;
/* mcp_resources.c */
mcp_fn mcp_resources_list, mcp_resources_templates, mcp_resources_read;
/* mcp_prompts.c */
mcp_fn mcp_prompts_list, mcp_prompts_get, mcp_complete;
/* mcp_tasks.c */
mcp_fn mcp_tasks_get, mcp_tasks_update, mcp_tasks_cancel;

/* mcp_methods.c */
mcp_fn *mcp_function(const struct mcp_method *method);
extern const bool MCP_OFFERS[MCP_METHODS];

/* ---- who asks (mcp_who.c) ------------------------------------------------ */

/* Headers for a page of another origin, once it is let in. */
void mcp_allow_origin(struct request *req);

#endif
