/* brake: was so much of the last generation removed or rewritten that a person should look before anything older goes? Pure.
 *
 * Two shares are measured, and either trips: of the files (a photo is a photo, however small) and of the bytes (a few large files are most of what there
 * is). What is moved or renamed is there; what is new counts nothing. docs/vault-format.md "The brake" says why the limits are what they are. */
#ifndef AOB_BRAKE_H
#define AOB_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

#define BRAKE_FILES_LEAST 20u                  /* of fewer, single files are a large share */
#define BRAKE_BYTES_LEAST (UINT64_C(16) << 20) /* … and of less, single files are, too */
#define BRAKE_LARGE_FILE                                                                                               \
	(UINT64_C(16) << 20) /* larger ones are written in places: disk images, databases, mail boxes */
#define BRAKE_REASON_SIZE 512

struct brake_question {
	unsigned percent;      /* BRAKE_PERCENT_OFF: never */
	uint64_t files, bytes; /* of the last generation: names of regular files, the size of each */
	uint64_t lost_files;   /* of those: gone, or with another content (brake_file_lost) */
	uint64_t lost_bytes;   /* of those: in files that are gone, or replaced in files that are there */
};

bool brake_trips(const struct brake_question *question);

/* brake_says: the shares in words: "970 of 1000 files (97 %) and 2.91 GB of 3.00 GB (97 %) were removed or rewritten". Returns out. */
const char *brake_says(const struct brake_question *question, char out[BRAKE_REASON_SIZE]);

/* brake_file_lost: does a file of old_bytes, of which kept_bytes are in the new content, count as rewritten? A small one does as soon as anything of it is
 * gone: what encrypts only the beginning of each file is caught. A large one does when less than nine tenths are left. Appending takes nothing away. */
bool brake_file_lost(uint64_t old_bytes, uint64_t kept_bytes);

#endif
