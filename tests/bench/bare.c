/*
 * bare: the floor: libfcgi answering a fixed body, eight threads.
 *
 *   spawn it with the listening socket as descriptor 0
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>

static const char BODY[]
    = "Content-Type: application/json\r\n\r\n{\"status\":\"ok\"}";

static void *
serve(void *arg)
{
	FCGX_Request r;

	FCGX_InitRequest(&r, 0, 0);
	while (FCGX_Accept_r(&r) == 0) {
		FCGX_PutStr(BODY, sizeof(BODY) - 1, r.out);
		FCGX_Finish_r(&r);
	}
	return arg;
}

int
main(void)
{
	pthread_t t[8];
	int i;

	FCGX_Init();
	for (i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, serve, NULL);
	for (i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	return 0;
}
