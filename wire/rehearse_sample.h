/* rehearse_sample: which files of a generation a rehearsal brings back: at random, but the same ones for the same seed, whatever order they are told in. Pure.
 *
 * What was wrong last time is drawn again, whatever chance says and however large it is: that another sample is good says nothing of it.
 *
 * Small files cost by their number, large ones by their bytes, so they are two classes, each sampled and timed by itself (rehearse_time.h). Of each there is at least one, if there is any.
 *
 * lifetime: rehearse_sample_new / rehearse_sample_destroy. threads: one. */
#ifndef AOB_REHEARSE_SAMPLE_H
#define AOB_REHEARSE_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define REHEARSE_SAMPLE_LARGE_BYTES 131072u /* from here on a file is large */
#define REHEARSE_SAMPLE_FILES_MAX 150       /* of a class */
#define REHEARSE_SAMPLE_PATH_MAX 4096       /* what lies further down is not taken: paths are given to a command … */
#define REHEARSE_SAMPLE_DEPTH_MAX 64        /* … and cleared away afterwards */
#define REHEARSE_SAMPLE_AGAIN_MAX 20

enum rehearse_class { REHEARSE_SMALL, REHEARSE_LARGE, REHEARSE_CLASSES };

struct rehearse_sample;

/* rehearse_sample_new: most_bytes: of all of the sample; a quarter of it for the small ones. More only, if a class has no file that small: then its smallest one. errors: ERR_SYSTEM */
int rehearse_sample_new(uint64_t seed, uint64_t most_bytes, struct rehearse_sample **sample, struct error *err);
void rehearse_sample_destroy(struct rehearse_sample **sample);

enum rehearse_class rehearse_sample_class(uint64_t size_bytes);
/* rehearse_sample_rank: the file's place in a row by chance. */
uint64_t rehearse_sample_rank(const struct rehearse_sample *sample, const char *path);

/* rehearse_sample_mark: what a path is known by from one sample to the next, whatever their seeds. Never 0. */
uint64_t rehearse_sample_mark(const char *path);
/* rehearse_sample_again: the files with these marks are taken, if they are offered. To be told before the first is; copied, REHEARSE_SAMPLE_AGAIN_MAX at most. */
void rehearse_sample_again(struct rehearse_sample *sample, const uint64_t *marks, size_t n);

/* rehearse_sample_offer: one file of the generation. errors: ERR_SYSTEM */
int rehearse_sample_offer(struct rehearse_sample *sample, const char *path, uint64_t size_bytes, struct error *err);
/* rehearse_sample_prefer: a file that was offered is taken before others, if it fits at all. errors: ERR_SYSTEM */
int rehearse_sample_prefer(struct rehearse_sample *sample, const char *path, uint64_t size_bytes, struct error *err);

/* rehearse_sample_take: what was chosen. out: paths: room for REHEARSE_SAMPLE_FILES_MAX + 1; NULL-terminated, borrowed from the sample. Returns how many. */
size_t rehearse_sample_take(const struct rehearse_sample *sample, enum rehearse_class class, const char **paths,
                            uint64_t *bytes);

#endif
