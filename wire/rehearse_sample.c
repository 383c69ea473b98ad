#include "wire/rehearse_sample.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_SHARE 4 /* of the bytes, one in so many */

struct candidate {
	uint64_t rank; /* 0: preferred */
	uint64_t bytes;
	char *path;
};

struct row {
	uint64_t most_bytes;
	size_t n;
	struct candidate of[REHEARSE_SAMPLE_FILES_MAX]; /* by rank; each alone within most_bytes */
	struct candidate smallest;                      /* path NULL: there was none */
	struct candidate again[REHEARSE_SAMPLE_AGAIN_MAX];
	size_t n_again;
};

struct rehearse_sample {
	uint64_t seed;
	uint64_t marks[REHEARSE_SAMPLE_AGAIN_MAX]; /* of those to be taken again */
	size_t n_marks;
	struct row rows[REHEARSE_CLASSES];
};

int rehearse_sample_new(uint64_t seed, uint64_t most_bytes, struct rehearse_sample **sample, struct error *err)
{
	struct rehearse_sample *made = calloc(1, sizeof(*made));

	*sample = made;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->seed = seed;
	made->rows[REHEARSE_SMALL].most_bytes = most_bytes / SMALL_SHARE;
	made->rows[REHEARSE_LARGE].most_bytes = most_bytes - most_bytes / SMALL_SHARE;
	return 0;
}

void rehearse_sample_destroy(struct rehearse_sample **sample)
{
	if (*sample == NULL)
		return;
	for (size_t c = 0; c < REHEARSE_CLASSES; c++) {
		struct row *row = &(*sample)->rows[c];

		for (size_t i = 0; i < row->n; i++)
			free(row->of[i].path);
		for (size_t i = 0; i < row->n_again; i++)
			free(row->again[i].path);
		free(row->smallest.path);
	}
	free(*sample);
	*sample = NULL;
}

enum rehearse_class rehearse_sample_class(uint64_t size_bytes)
{
	return size_bytes < REHEARSE_SAMPLE_LARGE_BYTES ? REHEARSE_SMALL : REHEARSE_LARGE;
}

/* Each bit of the number has a say in each bit of the result. source: the finalizer of SplitMix64 */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t rank(uint64_t seed, const char *path)
{
	uint64_t hash = mix(seed + UINT64_C(0x9e3779b97f4a7c15));

	for (const char *at = path; *at != '\0'; at++)
		hash = mix(hash + (unsigned char)*at + 1);
	return hash | 1; /* 0 is that of the preferred */
}

uint64_t rehearse_sample_rank(const struct rehearse_sample *sample, const char *path)
{
	return rank(sample->seed, path);
}

uint64_t rehearse_sample_mark(const char *path)
{
	return rank(0, path);
}

void rehearse_sample_again(struct rehearse_sample *sample, const uint64_t *marks, size_t n)
{
	sample->n_marks = n < REHEARSE_SAMPLE_AGAIN_MAX ? n : REHEARSE_SAMPLE_AGAIN_MAX;
	for (size_t i = 0; i < sample->n_marks; i++)
		sample->marks[i] = marks[i];
}

static bool is_marked(const struct rehearse_sample *sample, const char *path)
{
	uint64_t mark = sample->n_marks != 0 ? rehearse_sample_mark(path) : 0;

	for (size_t i = 0; i < sample->n_marks; i++)
		if (sample->marks[i] == mark)
			return true;
	return false;
}

static int copy(struct candidate *to, uint64_t rank, const char *path, uint64_t bytes, struct error *err)
{
	char *own = strdup(path);

	if (own == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	free(to->path);
	*to = (struct candidate){ .rank = rank, .bytes = bytes, .path = own };
	return 0;
}

static int put(struct row *row, uint64_t rank, const char *path, uint64_t bytes, struct error *err)
{
	struct candidate new = { .path = NULL };
	size_t at = row->n;

	while (at > 0 && row->of[at - 1].rank > rank)
		at--;
	if (at == REHEARSE_SAMPLE_FILES_MAX)
		return 0;
	if (copy(&new, rank, path, bytes, err) != 0)
		return -1;
	if (row->n == REHEARSE_SAMPLE_FILES_MAX)
		free(row->of[--row->n].path);
	memmove(&row->of[at + 1], &row->of[at], (row->n - at) * sizeof(row->of[0]));
	row->of[at] = new;
	row->n++;
	return 0;
}

static bool is_near(const char *path)
{
	size_t depth = 1;
	size_t n = 0;

	for (; path[n] != '\0' && n < REHEARSE_SAMPLE_PATH_MAX; n++)
		depth += path[n] == '/';
	return n < REHEARSE_SAMPLE_PATH_MAX && depth <= REHEARSE_SAMPLE_DEPTH_MAX;
}

int rehearse_sample_offer(struct rehearse_sample *sample, const char *path, uint64_t size_bytes, struct error *err)
{
	struct row *row = &sample->rows[rehearse_sample_class(size_bytes)];

	if (!is_near(path))
		return 0;
	if (is_marked(sample, path) && row->n_again < REHEARSE_SAMPLE_AGAIN_MAX)
		return copy(&row->again[row->n_again++], 0, path, size_bytes, err);
	if (size_bytes <= row->most_bytes)
		return put(row, rehearse_sample_rank(sample, path), path, size_bytes, err);
	if (row->smallest.path == NULL || size_bytes < row->smallest.bytes)
		return copy(&row->smallest, 0, path, size_bytes, err);
	return 0;
}

int rehearse_sample_prefer(struct rehearse_sample *sample, const char *path, uint64_t size_bytes, struct error *err)
{
	struct row *row = &sample->rows[rehearse_sample_class(size_bytes)];

	if (!is_near(path) || size_bytes > row->most_bytes || is_marked(sample, path))
		return 0;
	for (size_t i = 0; i < row->n; i++) {
		struct candidate it = row->of[i];

		if (strcmp(it.path, path) != 0)
			continue;
		it.rank = 0;
		memmove(&row->of[1], &row->of[0], i * sizeof(row->of[0]));
		row->of[0] = it;
		return 0;
	}
	return put(row, 0, path, size_bytes, err);
}

size_t rehearse_sample_take(const struct rehearse_sample *sample, enum rehearse_class class, const char **paths,
                            uint64_t *bytes)
{
	const struct row *row = &sample->rows[class];
	size_t n = 0;

	*bytes = 0;
	for (; n < row->n_again; n++) {
		*bytes += row->again[n].bytes;
		paths[n] = row->again[n].path;
	}
	for (size_t i = 0; i < row->n && n < REHEARSE_SAMPLE_FILES_MAX; i++)
		if (*bytes <= row->most_bytes && row->of[i].bytes <= row->most_bytes - *bytes) {
			*bytes += row->of[i].bytes;
			paths[n++] = row->of[i].path;
		}
	if (n == 0 && row->smallest.path != NULL) {
		*bytes = row->smallest.bytes;
		paths[n++] = row->smallest.path;
	}
	paths[n] = NULL;
	return n;
}
