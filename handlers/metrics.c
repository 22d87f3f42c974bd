/*
 * GET /metrics: all workers of this host, as Prometheus text.
 */
#include "base/buf.h"
#include "base/metrics.h"
#include "handlers/fleet_priv.h"
#include "handlers/handlers.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_MAX (4 * MIB) /* a row is some 60 bytes, the table is ours */

int
handle_metrics(struct request *req)
{
	struct buf out = BUF_INIT(METRICS_MAX);
	int rc;

	if (metrics_write(&out) == -1)
		rc = reply_error(req, 500,
		    "the metrics are longer than "
		    "this program writes");
	else
		rc = reply_bytes(req, 200, METRICS_TYPE, buf_str(&out),
		    out.len);
	buf_fini(&out);
	return rc;
}
