#include "lib/folder_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/scratch.h"

#define BATCH_LEAST                                                                                                    \
	((size_t)256 << 10) /* names and their order held at a time, at least, whatever the folders above hold */
#define RUN_BUFFER 4096u    /* read ahead of each run while they are merged */
#define RUNS_MOST 4096u     /* … of which there are at most so many: a GiB of names and more */
#define RECORD_MOST (2u + (size_t)NAME_MAX + 1) /* d_type, length, name */

/* A row of sorted records in the scratch file: d_type, length of the name, name. */
struct run {
	uint64_t at, end;
	uint8_t *buffer;
	size_t have, used, room;
	unsigned char d_type;
	char name[NAME_MAX + 1]; /* the record at hand */
};

struct folder_names {
	struct folder_names_room *room;
	char *names;     /* one behind the other, each with its d_type in front */
	uint32_t *order; /* offsets into names, sorted */
	size_t names_room, order_room;
	size_t names_used;
	size_t n, at;
	size_t charged_bytes;   /* of the room's memory */
	uint64_t scratch_began; /* what is behind it in the scratch file is this folder's */
	struct run *runs;       /* while it is read */
	size_t n_runs;
	bool spilled;
	struct run merged;
	const char *last;
};

void folder_names_room_init(struct folder_names_room *room, size_t memory_bytes)
{
	*room = (struct folder_names_room){ .memory_bytes = memory_bytes };
}

void folder_names_room_done(struct folder_names_room *room)
{
	if (room->scratch != NULL)
		(void)fclose(room->scratch);
	room->scratch = NULL;
}

static size_t batch_bytes(const struct folder_names_room *room)
{
	size_t left = room->memory_bytes > room->used_bytes ? room->memory_bytes - room->used_bytes : 0;

	return left > BATCH_LEAST ? left : BATCH_LEAST;
}

static int no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "out of memory for the names of a folder");
}

/* Doubled, so reading a folder stays linear. */
static int grow(void **data, size_t *room, size_t want, size_t element, struct error *err)
{
	size_t more = *room != 0 ? *room : 64;
	void *grown;

	if (want <= *room)
		return 0;
	while (more < want)
		more *= 2;
	grown = realloc(*data, more * element);
	if (grown == NULL)
		return no_memory(err);
	*data = grown;
	*room = more;
	return 0;
}

static int by_name(const void *a, const void *b, void *names)
{
	return strcmp((const char *)names + *(const uint32_t *)a, (const char *)names + *(const uint32_t *)b);
}

static void sort(struct folder_names *f)
{
	if (f->n > 1)
		qsort_r(f->order, f->n, sizeof(f->order[0]), by_name, f->names);
}

static int write_record(struct folder_names_room *room, unsigned char d_type, const char *name, struct error *err)
{
	size_t n = strlen(name);
	uint8_t head[2] = { d_type, (uint8_t)n };

	if (fwrite(head, 1, sizeof(head), room->scratch) != sizeof(head) || fwrite(name, 1, n, room->scratch) != n)
		return error_sys(err, errno, "writing names to a temporary file");
	room->scratch_bytes += sizeof(head) + n;
	return 0;
}

/* What was written is to be seen by pread(2). */
static int flush(struct folder_names_room *room, struct error *err)
{
	return fflush(room->scratch) == 0 ? 0 : error_sys(err, errno, "writing names to a temporary file");
}

/* The names in memory become a run in the scratch file. */
static int spill(struct folder_names *f, struct error *err)
{
	struct folder_names_room *room = f->room;
	struct run *grown;

	if (f->n_runs == RUNS_MOST)
		return error_set(err, ERR_SYSTEM, "a folder with more names than can be sorted");
	grown = realloc(f->runs, (f->n_runs + 1) * sizeof(*grown));
	if (grown == NULL)
		return no_memory(err);
	f->runs = grown;
	if (room->scratch == NULL) {
		room->scratch = scratch_file(err);
		if (room->scratch == NULL)
			return -1;
	}
	if (fseeko(room->scratch, (off_t)room->scratch_bytes, SEEK_SET) != 0)
		return error_sys(err, errno, "positioning in a temporary file");
	sort(f);
	f->runs[f->n_runs] = (struct run){ .at = room->scratch_bytes };
	for (size_t i = 0; i < f->n; i++) {
		const char *name = f->names + f->order[i];

		if (write_record(room, (unsigned char)name[-1], name, err) != 0)
			return -1;
	}
	if (flush(room, err) != 0)
		return -1;
	f->runs[f->n_runs++].end = room->scratch_bytes;
	f->n = 0;
	f->names_used = 0;
	return 0;
}

static int take(struct folder_names *f, const struct dirent *found, struct error *err)
{
	size_t bytes = strlen(found->d_name) + 1;

	if (f->names_used + 1 + bytes + (f->n + 1) * sizeof(uint32_t) > batch_bytes(f->room) && f->n != 0 &&
	    spill(f, err) != 0)
		return -1;
	if (grow((void **)&f->names, &f->names_room, f->names_used + 1 + bytes, 1, err) != 0 ||
	    grow((void **)&f->order, &f->order_room, f->n + 1, sizeof(f->order[0]), err) != 0)
		return -1;
	if (f->names == NULL || f->order == NULL)
		return no_memory(err);
	f->names[f->names_used++] = (char)found->d_type;
	memcpy(f->names + f->names_used, found->d_name, bytes);
	f->order[f->n++] = (uint32_t)f->names_used;
	f->names_used += bytes;
	return 0;
}

static int read_names(struct folder_names *f, DIR *dir, struct error *err)
{
	for (;;) {
		struct dirent *found;

		errno = 0;
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
		found = readdir(dir);
		if (found == NULL)
			return errno == 0 ? 0 : error_sys(err, errno, "reading the folder");
		if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0 && take(f, found, err) != 0)
			return -1;
	}
}

/* At least one whole record behind `used`, or all that is left. */
static int fill(struct run *run, int fd, struct error *err)
{
	memmove(run->buffer, run->buffer + run->used, run->have - run->used);
	run->have -= run->used;
	run->used = 0;
	while (run->have < run->room && run->at < run->end) {
		size_t want = run->room - run->have;
		ssize_t n;

		if (want > run->end - run->at)
			want = (size_t)(run->end - run->at);
		n = pread(fd, run->buffer + run->have, want, (off_t)run->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_sys(err, n < 0 ? errno : EIO, "reading names from a temporary file");
		run->have += (size_t)n;
		run->at += (uint64_t)n;
	}
	return 0;
}

/* The next record of a run. 1, 0: the end, -1. */
static int run_next(struct run *run, int fd, struct error *err)
{
	size_t n;

	if (run->have - run->used < RECORD_MOST && run->at < run->end && fill(run, fd, err) != 0)
		return -1;
	if (run->have == run->used)
		return 0;
	n = run->have - run->used >= 2 ? run->buffer[run->used + 1] : 0;
	if (n == 0 || run->have - run->used < 2 + n)
		return error_set(err, ERR_IO, "the temporary file with names does not hold what was written");
	run->d_type = run->buffer[run->used];
	memcpy(run->name, run->buffer + run->used + 2, n);
	run->name[n] = '\0';
	run->used += 2 + n;
	return 1;
}

static int run_begin(struct run *run, size_t buffer_bytes, struct error *err)
{
	run->buffer = malloc(buffer_bytes);
	run->room = buffer_bytes;
	run->have = run->used = 0;
	return run->buffer != NULL ? 0 : no_memory(err);
}

/* The heap's usual step: what stands at i goes down to its place. */
static void sift(struct run **heap, size_t n, size_t i)
{
	for (;;) {
		size_t least = i;
		struct run *passed = heap[i];

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
			if (strcmp(heap[child]->name, heap[least]->name) < 0)
				least = child;
		if (least == i)
			return;
		heap[i] = heap[least];
		heap[least] = passed;
		i = least;
	}
}

/* All runs, each with its first record at hand, into one behind them. */
static int merge_heap(struct folder_names *f, struct run **heap, struct error *err)
{
	int fd = fileno(f->room->scratch);
	size_t n = 0;

	for (size_t i = 0; i < f->n_runs; i++) {
		int rc = run_begin(&f->runs[i], RUN_BUFFER, err) == 0 ? run_next(&f->runs[i], fd, err) : -1;

		if (rc < 0)
			return -1;
		if (rc == 1)
			heap[n++] = &f->runs[i];
	}
	for (size_t i = n / 2; i > 0; i--)
		sift(heap, n, i - 1);
	while (n > 0) {
		int rc = write_record(f->room, heap[0]->d_type, heap[0]->name, err) == 0 ? run_next(heap[0], fd, err)
		                                                                         : -1;

		if (rc < 0)
			return -1;
		if (rc == 0)
			heap[0] = heap[--n];
		sift(heap, n, 0);
	}
	return flush(f->room, err);
}

static void free_runs(struct folder_names *f)
{
	for (size_t i = 0; i < f->n_runs; i++)
		free(f->runs[i].buffer);
	free(f->runs);
	f->runs = NULL;
	f->n_runs = 0;
}

static void free_batch(struct folder_names *f)
{
	free(f->names);
	free(f->order);
	f->names = NULL;
	f->order = NULL;
	f->names_room = f->order_room = 0;
}

static int merge(struct folder_names *f, struct error *err)
{
	struct run **heap;
	int rc;

	if (spill(f, err) != 0)
		return -1;
	free_batch(f);
	heap = malloc(f->n_runs * sizeof(struct run *));
	if (heap == NULL)
		return no_memory(err);
	f->spilled = true;
	f->merged = (struct run){ .at = f->room->scratch_bytes };
	rc = merge_heap(f, heap, err);
	free((void *)heap);
	free_runs(f);
	f->merged.end = f->room->scratch_bytes;
	return rc == 0 ? run_begin(&f->merged, (size_t)8 * RUN_BUFFER, err) : -1;
}

static int open_stream(int folder_fd, DIR **dir, struct error *err)
{
	int copy = fcntl(folder_fd, F_DUPFD_CLOEXEC, 0);

	*dir = copy >= 0 ? fdopendir(copy) : NULL;
	if (*dir != NULL) {
		rewinddir(*dir); /* the position is shared with whoever held this descriptor before */
		return 0;
	}
	(void)error_sys(err, errno, "opening the folder");
	if (copy >= 0)
		(void)close(copy);
	return -1;
}

int folder_names_open(int folder_fd, struct folder_names_room *room, struct folder_names **names, struct error *err)
{
	struct folder_names *f = calloc(1, sizeof(*f));
	DIR *dir;
	int rc;

	*names = NULL;
	if (f == NULL)
		return no_memory(err);
	f->room = room;
	f->scratch_began = room->scratch_bytes;
	rc = open_stream(folder_fd, &dir, err);
	if (rc == 0) {
		rc = read_names(f, dir, err);
		(void)closedir(dir);
	}
	if (rc == 0 && f->n_runs != 0)
		rc = merge(f, err);
	else if (rc == 0)
		sort(f);
	if (rc != 0) {
		folder_names_close(&f);
		return -1;
	}
	f->charged_bytes = f->names_room + f->order_room * sizeof(f->order[0]) + f->merged.room;
	room->used_bytes += f->charged_bytes;
	*names = f;
	return 0;
}

void folder_names_close(struct folder_names **names)
{
	struct folder_names *f = *names;

	if (f == NULL)
		return;
	*names = NULL;
	f->room->used_bytes -= f->charged_bytes;
	if (f->room->scratch_bytes != f->scratch_began) {
		/* The room is given back; if that fails, the file is only larger than it need be. */
		f->room->scratch_bytes = f->scratch_began;
		if (ftruncate(fileno(f->room->scratch), (off_t)f->scratch_began) != 0)
			errno = 0;
	}
	free_runs(f);
	free_batch(f);
	free(f->merged.buffer);
	free(f);
}

int folder_names_next(struct folder_names *names, const char **name, unsigned char *d_type, struct error *err)
{
	if (names->spilled) {
		int rc = run_next(&names->merged, fileno(names->room->scratch), err);

		if (rc != 1)
			return rc;
		names->last = names->merged.name;
		*d_type = names->merged.d_type;
	} else {
		if (names->at == names->n)
			return 0;
		names->last = names->names + names->order[names->at++];
		*d_type = (unsigned char)names->last[-1];
	}
	*name = names->last;
	return 1;
}

const char *folder_names_last(const struct folder_names *names)
{
	return names->last;
}
