#include "wire/verify_codec.h"

#include <stdlib.h>
#include <string.h>

#define FLAG_GIVEN_UP 1u

void verify_codec_damage_done(struct wire_damage *damage)
{
	free(damage->path);
	free(damage->newest_path);
	free(damage->generations);
	*damage = (struct wire_damage){ .kind = WIRE_DAMAGE_CONTENT };
}

void put_damage(struct encoder *e, const struct wire_damage *damage)
{
	size_t n = damage->n_generations < VERIFY_CODEC_GENERATIONS_MAX ? damage->n_generations
	                                                                : VERIFY_CODEC_GENERATIONS_MAX;

	put_u8(e, (uint8_t)(damage->kind == WIRE_DAMAGE_DIFFERS ? WIRE_DAMAGE_MISSING : damage->kind));
	put_u8(e, damage->given_up ? FLAG_GIVEN_UP : 0);
	put_string(e, damage->reason);
	put_string(e, damage->generation);
	put_bytes(e, damage->path, strlen(damage->path));
	put_bytes(e, damage->newest_path, damage->newest_path != NULL ? strlen(damage->newest_path) : 0);
	put_u64(e, damage->size_bytes);
	put_raw(e, damage->sha256, sizeof(damage->sha256));
	put_i64(e, damage->found_at_s);
	put_u32(e, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		put_string(e, damage->generations[i]);
}

/* It is shown to people, and asked for again. */
static void get_generation(struct decoder *d, char name[VERIFY_CODEC_GENERATION_SIZE])
{
	get_string(d, name, VERIFY_CODEC_GENERATION_SIZE);
	if (name[0] == '\0' || name[strspn(name, "0123456789TZ-")] != '\0') {
		name[0] = '\0';
		d->bad = true;
	}
}

static void get_path(struct decoder *d, char **path)
{
	size_t n;
	const uint8_t *bytes = get_bytes(d, WIRE_PATH_MAX, &n);

	*path = d->bad || (n != 0 && memchr(bytes, '\0', n) != NULL) ? NULL : calloc(n + 1, 1);
	if (*path == NULL)
		d->bad = true;
	else if (n != 0)
		memcpy(*path, bytes, n);
}

static bool any(const uint8_t sha256[32])
{
	uint8_t all = 0;

	for (size_t i = 0; i < 32; i++)
		all |= sha256[i];
	return all != 0;
}

void get_damage(struct decoder *d, struct wire_damage *damage)
{
	unsigned kind = get_u8(d);
	unsigned flags = get_u8(d);
	const uint8_t *sha256;
	size_t n;

	*damage = (struct wire_damage){ .kind = (enum wire_damage_kind)kind, .given_up = flags == FLAG_GIVEN_UP };
	if (kind > WIRE_DAMAGE_MISSING || (flags & ~FLAG_GIVEN_UP) != 0)
		d->bad = true;
	get_string(d, damage->reason, sizeof(damage->reason));
	get_generation(d, damage->generation);
	get_path(d, &damage->path);
	get_path(d, &damage->newest_path);
	if (damage->newest_path != NULL && *damage->newest_path == '\0') {
		free(damage->newest_path);
		damage->newest_path = NULL;
	}
	damage->size_bytes = get_u64(d);
	sha256 = get_raw(d, sizeof(damage->sha256));
	if (sha256 != NULL)
		memcpy(damage->sha256, sha256, sizeof(damage->sha256));
	/* Of what is missing there is no hash. */
	if (!d->bad && kind == WIRE_DAMAGE_MISSING && damage->path != NULL && *damage->path == '\0' &&
	    any(damage->sha256))
		damage->kind = WIRE_DAMAGE_DIFFERS;
	damage->found_at_s = get_i64(d);
	n = get_u32(d);
	if (n > VERIFY_CODEC_GENERATIONS_MAX)
		d->bad = true;
	if (d->bad || n == 0)
		return;
	damage->generations = calloc(n, sizeof(*damage->generations));
	if (damage->generations == NULL) {
		d->bad = true;
		return;
	}
	damage->n_generations = n;
	for (size_t i = 0; i < n; i++)
		get_generation(d, damage->generations[i]);
}

void put_verified(struct encoder *e, const struct wire_verified *verified)
{
	put_u64(e, verified->files);
	put_u64(e, verified->bytes);
	put_u64(e, verified->unhashed);
	put_u64(e, verified->damaged);
	put_u8(e, verified->round_ended);
	put_i64(e, verified->round_began_s);
	put_u64(e, verified->round_bytes);
	put_u64(e, verified->round_total);
	put_i64(e, verified->last_round_s);
}

void get_verified(struct decoder *d, struct wire_verified *verified)
{
	verified->files = get_u64(d);
	verified->bytes = get_u64(d);
	verified->unhashed = get_u64(d);
	verified->damaged = get_u64(d);
	verified->round_ended = get_u8(d) != 0;
	verified->round_began_s = get_i64(d);
	verified->round_bytes = get_u64(d);
	verified->round_total = get_u64(d);
	verified->last_round_s = get_i64(d);
}
