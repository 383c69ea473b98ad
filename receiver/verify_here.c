#include "receiver/verify_here.h"

#include <inttypes.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/log.h"
#include "receiver/vault_user.h"
#include "receiver/verify.h"

#define CLEAR_LINE "\r\x1b[K"

static int tell(void *context, uint64_t done, uint64_t total, bool waits, struct error *err)
{
	char a[BYTES_TEXT_SIZE];
	char b[BYTES_TEXT_SIZE];

	(void)context;
	(void)err;
	if (isatty(STDERR_FILENO) == 1)
		(void)fprintf(stderr, CLEAR_LINE "%s %s of about %s",
		              waits ? "waiting for a backup to end, at" : "reading", bytes_text(done, a, sizeof(a)),
		              bytes_text(total, b, sizeof(b)));
	return 0;
}

static const char *said(const struct wire_damage *damage)
{
	static const char *const words[] = { [WIRE_DAMAGE_CONTENT] = "is not what was backed up",
		                             [WIRE_DAMAGE_UNREADABLE] = "can't be read from the disk",
		                             [WIRE_DAMAGE_MISSING] = "is missing",
		                             [WIRE_DAMAGE_DIFFERS] = "is not as it was published" };

	return words[damage->kind];
}

static void print(const struct wire_damage *damage, const char *became, FILE *out)
{
	char safe[512];

	(void)fprintf(out, "\"%s\" %s; in", log_escape(damage->path, safe, sizeof(safe)), said(damage));
	for (size_t i = 0; i < damage->n_generations; i++)
		(void)fprintf(out, " %s", damage->generations[i]);
	(void)fprintf(out, "%s%s\n", *became != '\0' ? ": " : "", became);
}

/* Each damaged file, and what became of it. Returns how many are left, -1. */
static int64_t go_through(struct verify *verify, bool mends, FILE *out, struct error *err)
{
	const struct wire_damage *damage;
	int64_t left = 0;

	for (size_t i = 0; (damage = verify_damage(verify, i)) != NULL; i++) {
		char reason[VERIFY_CODEC_REASON_SIZE] = "";
		enum wire_mended result = WIRE_MENDED_CANNOT;

		if (damage->n_generations == 0)
			continue;
		print(damage, "", out);
		if (mends && verify_mend(verify, i, &result, reason, err) != 0)
			return -1;
		left += result == WIRE_MENDED_CANNOT || result == WIRE_MENDED_LATER;
		if (mends)
			(void)fprintf(out, "  %s%s\n", result == WIRE_MENDED_DONE ? "mended" : "not mended: ", reason);
	}
	return left;
}

static int look(struct verify *verify, const char *pipeline, bool mends, FILE *out, struct error *err)
{
	static const struct verify_want want = { .how = WIRE_VERIFY_ALL, .generation = "" };
	struct wire_verified verified;
	char bytes[BYTES_TEXT_SIZE];
	int64_t left;
	int rc = verify_look(verify, &want, &verified, err);

	if (isatty(STDERR_FILENO) == 1)
		(void)fputs(CLEAR_LINE, stderr);
	if (rc != 0)
		return -1;
	(void)fprintf(out, "%s: %" PRIu64 " files read, %s; %" PRIu64 " of them have no recorded hash\n", pipeline,
	              verified.files, bytes_text(verified.bytes, bytes, sizeof(bytes)), verified.unhashed);
	left = go_through(verify, mends, out, err);
	if (left < 0)
		return -1;
	return left == 0 ? 0
	                 : error_set(err, ERR_DAMAGED,
	                             "%lld files are damaged; `aob verify %s` at the NAS mends those that it still has",
	                             (long long)left, pipeline);
}

int verify_here_run(const struct vault_options *options, const char *pipeline, bool mends, FILE *out, struct error *err)
{
	struct verify *verify = NULL;
	struct vault *vault;
	int rc = -1;

	/* What is written here is to be theirs whose vault it is, or they can't go on with it. */
	if (vault_user_become(options->root, pipeline, err) != 0 ||
	    vault_open(options, pipeline, false, &vault, err) != 0)
		return -1;
	if (verify_new(vault, tell, NULL, &verify, err) == 0)
		rc = look(verify, pipeline, mends, out, err);
	verify_destroy(&verify);
	vault_close(&vault);
	return rc;
}
