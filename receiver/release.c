#include "receiver/release.h"

#include <inttypes.h>

#include "receiver/brake_mark.h"

static int release(const struct vault *vault, FILE *out, struct error *err)
{
	struct brake_mark mark;
	struct brake_mark left;
	uint32_t held;

	if (brake_mark_read(vault, &mark, err) != 0 || brake_mark_count(vault, &mark, &held, err) != 0)
		return -1;
	if (!mark.held) {
		(void)fprintf(out, "%s: nothing is held\n", vault->pipeline);
		return 0;
	}
	if (brake_mark_release(vault, mark.generation, &left, err) != 0)
		return -1;
	(void)fprintf(out, "%s: %" PRIu32 " generations are held no more; they were because of %s: %s\n",
	              vault->pipeline, held, mark.damaged ? "a damaged mark" : mark.generation, mark.reason);
	if (left.held)
		(void)fprintf(out, "%s: but %s tripped the brake meanwhile: %s\n", vault->pipeline, left.generation,
		              left.reason);
	return 0;
}

int release_run(const struct vault_options *options, const char *pipeline, FILE *out, struct error *err)
{
	struct vault *vault;
	int rc;

	if (vault_open(options, pipeline, false, &vault, err) != 0)
		return -1;
	rc = release(vault, out, err);
	vault_close(&vault);
	return rc;
}
