#include "wire/verifying.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/source_content.h"
#include "lib/stage_msg.h"

#define DAMAGE_MAX ((size_t)10000)           /* that a far end may tell of */
#define DAMAGE_BYTES_MAX ((size_t)256 << 20) /* … in all */

struct work {
	const struct verifying *verifying;
	struct verifying_result *result;
	struct remote *remote;
	struct source_content *source;
	struct wire_damage *damage;
	size_t n, room, bytes;
};

static const char *const words[] = {
	[VERIFYING_FOUND] = "found",
	[VERIFYING_FROM_SOURCE] = "mended-from-source",
	[VERIFYING_FROM_VAULT] = "mended-from-vault",
	[VERIFYING_NEEDLESS] = "gone",
	[VERIFYING_LATER] = "later",
	[VERIFYING_CANNOT] = "not-mendable",
};

static const char *const said[] = { [WIRE_DAMAGE_CONTENT] = "is not what was backed up",
	                            [WIRE_DAMAGE_UNREADABLE] = "can't be read from the vault's disk",
	                            [WIRE_DAMAGE_MISSING] = "is missing",
	                            [WIRE_DAMAGE_DIFFERS] = "is not as it was published" };

const char *verifying_said(enum wire_damage_kind kind)
{
	return said[kind];
}

const char *verifying_word(enum verifying_became became)
{
	return words[became];
}

static int keep(void *context, struct wire_damage *damage, struct error *err)
{
	struct work *w = context;

	if (w->n == w->room) {
		size_t more = w->room != 0 ? 2 * w->room : 64;
		struct wire_damage *grown = w->n < DAMAGE_MAX ? realloc(w->damage, more * sizeof(*grown)) : NULL;

		if (grown == NULL)
			return error_set(err, ERR_PROTOCOL, "the far end tells of too much damage");
		w->damage = grown;
		w->room = more;
	}
	w->bytes += sizeof(*damage) + strlen(damage->path) + damage->n_generations * sizeof(damage->generations[0]) +
	            (damage->newest_path != NULL ? strlen(damage->newest_path) : 0);
	if (w->bytes > DAMAGE_BYTES_MAX)
		return error_set(err, ERR_PROTOCOL, "the far end tells of too much damage");
	w->damage[w->n++] = *damage;
	*damage = (struct wire_damage){ .kind = WIRE_DAMAGE_CONTENT };
	return 0;
}

static void progress(void *context, uint64_t done, uint64_t total, const char *note)
{
	const struct work *w = context;

	if (w->verifying->progress != NULL)
		w->verifying->progress(w->verifying->context, done, total, note);
}

static int waiting(void *context, struct error *err)
{
	const struct verifying *v = ((const struct work *)context)->verifying;

	return v->asked_to_stop != NULL ? v->asked_to_stop(v->context, err) : 0;
}

/* While a file of the source is read nothing crosses, and the far end is not to take this one for lost. */
static int meanwhile(void *context, struct error *err)
{
	const struct work *w = context;

	return wire_keepalive(remote_wire(w->remote), err) == 0 ? waiting(context, err) : -1;
}

static bool is_mended(const struct remote_mended *mended)
{
	return mended->result == WIRE_MENDED_DONE;
}

static int find(struct work *w, const char *path, const struct wire_damage *damage, int *fd, struct error *err)
{
	const struct source_content_want want = { .size_bytes = damage->size_bytes,
		                                  .any_size = !damage->given_up,
		                                  .sha256 = damage->sha256,
		                                  .meanwhile = meanwhile,
		                                  .context = w };

	return source_content_find(w->source, path, &want, fd, err);
}

static int mend(struct work *w, const struct wire_damage *damage, const struct remote_verify_hooks *hooks,
                enum verifying_became *became, struct remote_mended *mended, struct error *err)
{
	static const enum verifying_became otherwise[] = { [WIRE_MENDED_DONE] = VERIFYING_FROM_VAULT,
		                                           [WIRE_MENDED_NEEDLESS] = VERIFYING_NEEDLESS,
		                                           [WIRE_MENDED_CANNOT] = VERIFYING_CANNOT,
		                                           [WIRE_MENDED_LATER] = VERIFYING_LATER };
	bool lost = damage->kind == WIRE_DAMAGE_MISSING || *damage->path == '\0';
	int fd = -1;
	int rc;

	if (!lost && find(w, damage->path, damage, &fd, err) != 0)
		return -1;
	/* What was moved since. */
	if (fd < 0 && damage->newest_path != NULL && find(w, damage->newest_path, damage, &fd, err) != 0)
		return -1;
	if (fd >= 0) {
		rc = remote_verify_mend(w->remote, damage, fd, hooks, mended, err);
		(void)close(fd);
		if (rc != 0)
			return -1;
		*became = is_mended(mended) ? VERIFYING_FROM_SOURCE : otherwise[mended->result];
		if (mended->result != WIRE_MENDED_CANNOT)
			return 0;
	}
	if (remote_verify_mend(w->remote, damage, -1, hooks, mended, err) != 0)
		return -1;
	*became = otherwise[mended->result];
	return 0;
}

static void count_in(struct verifying_result *r, const char *generation, const char *reason)
{
	size_t at = 0;

	while (at < r->n_generations && strcmp(r->generations[at].generation, generation) < 0)
		at++;
	if (at == r->n_generations || strcmp(r->generations[at].generation, generation) != 0) {
		if (r->n_generations == VERIFYING_GENERATIONS_MAX)
			return;
		memmove(&r->generations[at + 1], &r->generations[at],
		        (r->n_generations - at) * sizeof(r->generations[0]));
		r->n_generations++;
		r->generations[at] = (struct verifying_damaged){ .files = 0 };
		(void)snprintf(r->generations[at].generation, sizeof(r->generations[at].generation), "%.31s",
		               generation);
		(void)snprintf(r->generations[at].reason, sizeof(r->generations[at].reason), "%s", reason);
	}
	r->generations[at].files++;
}

/* What is damaged still. */
static void count(struct verifying_result *r, const struct wire_damage *damage, const char *why)
{
	char reason[sizeof(r->generations[0].reason)];
	char safe[160];

	(void)snprintf(reason, sizeof(reason), "\"%.120s\" %s%s%.60s", log_escape(damage->path, safe, sizeof(safe)),
	               said[damage->kind], *why != '\0' ? ": " : "", why);
	for (size_t i = 0; i < damage->n_generations; i++)
		count_in(r, damage->generations[i], reason);
}

/* The newest first: what the source has of them, older ones may have too, under names that it has no more. */
static int go_through(struct work *w, const struct remote_verify_hooks *hooks, struct error *err)
{
	const struct verifying *v = w->verifying;

	for (size_t i = w->n; i-- > 0;) {
		enum verifying_became became = VERIFYING_FOUND;
		struct remote_mended mended = { .result = WIRE_MENDED_CANNOT };

		if (waiting(w, err) != 0)
			return -1;
		if (v->mends && mend(w, &w->damage[i], hooks, &became, &mended, err) != 0)
			return -1;
		w->result->became[became]++;
		if (became == VERIFYING_FOUND || became == VERIFYING_LATER || became == VERIFYING_CANNOT)
			count(w->result, &w->damage[i], mended.reason);
		if (v->file != NULL)
			v->file(v->context, &w->damage[i], became, mended.reason);
	}
	return 0;
}

static int work(struct work *w, struct error *err)
{
	const struct verifying *v = w->verifying;
	const struct remote_verify_hooks hooks = { .progress = progress, .damage = keep, .context = w };
	const uint64_t *became = w->result->became;
	uint64_t mended;

	if (remote_verify(w->remote, &v->want, &hooks, &w->result->verified, err) != 0 ||
	    go_through(w, &hooks, err) != 0)
		return -1;
	mended = became[VERIFYING_FROM_SOURCE] + became[VERIFYING_FROM_VAULT] + became[VERIFYING_NEEDLESS];
	w->result->left = w->result->verified.damaged > mended ? w->result->verified.damaged - mended : 0;
	return 0;
}

int verifying_run(const struct verifying *verifying, struct verifying_result *result, struct error *err)
{
	struct work w = { .verifying = verifying, .result = result };
	struct wire_hooks hooks = { .waiting = waiting, .context = &w };
	int rc;

	memset(result, 0, sizeof(*result));
	if (source_content_open(verifying->source, verifying->snapshots, verifying->pipeline, &w.source, err) != 0)
		return -1;
	rc = remote_open(verifying->vault, verifying->pipeline, "verify", &hooks, &w.remote, err);
	if (rc == 0) {
		rc = work(&w, err);
		if (rc != 0)
			remote_explain(w.remote, err);
	}
	remote_close(&w.remote);
	source_content_close(&w.source);
	for (size_t i = 0; i < w.n; i++)
		verify_codec_damage_done(&w.damage[i]);
	free(w.damage);
	return rc;
}

void verifying_tell(const struct verifying_result *r, struct stage_result *result)
{
	const struct wire_verified *v = &r->verified;
	const uint64_t *n = r->became;

	stage_result_integer(result, "files", (int64_t)v->files);
	stage_result_integer(result, "bytes", (int64_t)v->bytes);
	stage_result_integer(result, "unhashed", (int64_t)v->unhashed);
	stage_result_integer(result, "damaged", (int64_t)v->damaged);
	stage_result_integer(result, "mended", (int64_t)(n[VERIFYING_FROM_SOURCE] + n[VERIFYING_FROM_VAULT]));
	stage_result_integer(result, "left", (int64_t)r->left);
	stage_result_bool(result, "round_ended", v->round_ended);
	stage_result_integer(result, "round_began_at", v->round_began_s);
	stage_result_integer(result, "round_bytes", (int64_t)v->round_bytes);
	stage_result_integer(result, "round_total", (int64_t)v->round_total);
	stage_result_integer(result, "last_round_at", v->last_round_s);
	for (size_t i = 0; i < r->n_generations; i++) {
		struct stage_result *row = stage_result_row(result, "generations");

		if (row == NULL)
			return;
		stage_result_string(row, "generation", r->generations[i].generation);
		stage_result_integer(row, "files", (int64_t)r->generations[i].files);
		stage_result_string(row, "reason", r->generations[i].reason);
	}
}
