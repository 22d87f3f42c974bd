/*
 * bare: the floor: libfcgi answering a fixed body, eight threads.
 *
 *   bare                spawned with the listening socket as descriptor 0
 *   bare REDIS_SOCKET   the same, and reads the body and makes one round trip
 *                       to Redis before each answer
 */
#include <fcgiapp.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const char BODY[]
    = "Content-Type: application/json\r\n\r\n{\"status\":\"ok\"}";

static void
round_trip(redisContext *redis)
{
	redisReply *r = redisCommand(redis, "INCR bench:bare");

	if (r == NULL || r->type != REDIS_REPLY_INTEGER)
		exit(1);
	freeReplyObject(r);
}

static void *
serve(void *path)
{
	redisContext *redis = path == NULL ? NULL : redisConnectUnix(path);
	FCGX_Request r;
	char in[4096];

	if (path != NULL && (redis == NULL || redis->err != 0))
		exit(1);
	FCGX_InitRequest(&r, 0, 0);
	while (FCGX_Accept_r(&r) == 0) {
		if (redis != NULL) {
			while (FCGX_GetStr(in, sizeof(in), r.in) == sizeof(in))
				;
			round_trip(redis);
		}
		FCGX_PutStr(BODY, sizeof(BODY) - 1, r.out);
		FCGX_Finish_r(&r);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t t[8];
	int i;

	FCGX_Init();
	for (i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, serve, argc > 1 ? argv[1] : NULL);
	for (i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	return 0;
}
