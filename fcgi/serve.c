#include "fcgi/serve.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/arena.h"
#include "base/log.h"
#include "fcgi/accept.h"
#include "fcgi/cgi.h"
#include "fcgi/class.h"
#include "fcgi/edge.h"
#include "fcgi/request_priv.h"
#include "fcgi/router.h"

#define RETRY_FULL_S 5 /* who hangs has a time-out; that takes some seconds */

/*
 * One request with all that it needs.  A thread that accepts has one and uses
 * it again; a request that another thread goes on with takes it along, for
 * libfcgi's streams point into it.
 */
struct seat {
	const struct serving *sv;
	FCGX_Request fcgx;
	struct arena *mem;
	struct request req;
	struct pool_job job; /* while it is handed over */
};

/* That of each thread, freed when the thread ends. */
static pthread_key_t seat_key;

static struct seat *
seat_new(void)
{
	struct seat *seat = calloc(1, sizeof(*seat));

	if (seat == NULL)
		abort();
	seat->mem = arena_new();
	return seat;
}

static void
seat_free(void *arg)
{
	struct seat *seat = arg;

	arena_free(seat->mem);
	free(seat);
}

static struct seat *
thread_seat(void)
{
	struct seat *seat = pthread_getspecific(seat_key);

	if (seat == NULL) {
		seat = seat_new();
		pthread_setspecific(seat_key, seat);
	}
	return seat;
}

/* Up to the route of what libfcgi has read the head of. */
static enum step
begin(struct seat *seat, const struct serving *sv)
{
	struct request *req = &seat->req;
	const char *why = "";
	int status;

	seat->sv = sv;
	*req = (struct request){ .edge = sv->edge,
		.mem = seat->mem,
		.settings = edge_settings(sv->edge),
		.fcgx = &seat->fcgx };
	status = request_begin(req, seat->fcgx.envp, &why);
	log_set_id(req->id);
	if (status == 0)
		return router_find(req, sv->routes);
	router_refuse(req, &(struct refusal){ .status = status, .detail = why },
	    "path");
	return STEP_OVER;
}

/*
 * After its end, or when it is parked (${step}).
 *
 * libfcgi closes in two steps, with a wait for nginx between them, lest bytes
 * that nobody read reset the connection under the answer.  Where all was read
 * that is for nothing: the connection is kept from it, and closed here.
 */
static void
end(struct seat *seat, enum step step)
{
	struct request *req = &seat->req;
	FCGX_Request *f = &seat->fcgx;

	log_set_id(NULL);
	if (step == STEP_OVER) /* else it has no connection any more */
		f->keepConnection = req->status < 400
		    && req->announced == (int64_t)req->body_len;
	settings_unref(req->settings);
	arena_reset(seat->mem);
	if (step == STEP_PARKED)
		return;
	FCGX_Finish_r(f);
	if (f->ipcFd != -1)
		accept_close(f->ipcFd);
}

/* The web server closes the connection when its client does. */
static bool
has_left(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1
	    && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* By a thread that did not accept it, perhaps after a while. */
static void
serve_handed(void *arg)
{
	struct seat *seat = arg;
	enum step step = STEP_OVER;

	log_set_id(seat->req.id);
	if (has_left(seat->fcgx.ipcFd))
		router_drop(&seat->req);
	else
		step = router_serve(&seat->req, seat->sv->routes);
	end(seat, step);
	seat_free(seat);
}

static void
refuse_full(struct seat *seat)
{
	router_refuse(&seat->req,
	    &(struct refusal){ .status = 503,
		.retry_s = RETRY_FULL_S,
		.full = true,
		.detail = "too many requests of this kind are waiting; please "
			  "try again" },
	    "class");
}

/* An accepted connection: libfcgi is told that it has it already. */
static int
read_head(FCGX_Request *f, int fd)
{
	if (FCGX_InitRequest(f, -1, 0) != 0) {
		close(fd);
		return -1;
	}
	f->ipcFd = fd;
	f->keepConnection = 1; /* else FCGX_Accept_r closes it first */
	if (FCGX_Accept_r(f) != 0)
		return -1; /* not FastCGI, or gone: libfcgi has closed it */
	f->keepConnection = 0;
	return 0;
}

void
serve_connection(void *ctx, int fd)
{
	const struct serving *sv = ctx;
	struct seat *seat = thread_seat();
	enum route_class class;

	if (read_head(&seat->fcgx, fd) == -1)
		return;
	if (begin(seat, sv) == STEP_OVER) {
		end(seat, STEP_OVER);
		return;
	}
	class = seat->req.route->class;
	seat->job = (struct pool_job){ .work = serve_handed, .arg = seat };
	switch (class_enter(sv->classes, class, &seat->job)) {
	case CLASS_HERE:
		end(seat, router_serve(&seat->req, sv->routes));
		class_leave(sv->classes, class);
		break;
	case CLASS_LATER: /* not ours any more: it may be freed by now */
		pthread_setspecific(seat_key, NULL);
		log_set_id(NULL);
		break;
	case CLASS_FULL:
		refuse_full(seat);
		end(seat, STEP_OVER);
		break;
	}
}

int
serve_standard_input(const struct serving *sv)
{
	struct seat *seat = seat_new();
	struct cgi cgi;
	int rc;

	cgi_begin(&cgi, &seat->fcgx);
	if (begin(seat, sv) == STEP_ON)
		router_serve(&seat->req, sv->routes);
	log_set_id(NULL);
	settings_unref(seat->req.settings);
	rc = cgi_flush(&cgi);
	seat_free(seat);
	return rc;
}

int
serve_init(void)
{
	return pthread_key_create(&seat_key, seat_free) == 0 ? 0 : -1;
}
