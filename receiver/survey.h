/* survey: where damaged content lies, and where the same content lies a second time: one walk over all generations, and over what is being built, for all that is damaged.
 *
 * lifetime: survey_make / survey_destroy. threads: one. */
#ifndef AOB_SURVEY_H
#define AOB_SURVEY_H

#include <sys/stat.h>

#include "receiver/breath.h"
#include "receiver/verify_book.h"

#define SURVEY_PLACES_MAX ((size_t)200000) /* of all together */
#define SURVEY_TWINS_MAX 8                 /* of each */

/* A name in a tree of the vault: of a generation, or of what is being built. */
struct survey_place {
	char generation[32]; /* "": it is in */
	char run[64];        /* … incoming/<run>/tree */
	char *path;
	dev_t device; /* what lay there */
	ino_t inode;
	int turn; /* private: when it is mended */
};

struct survey_item {
	const struct wire_damage *damage; /* in the book */
	bool there;                       /* st is of what lies at the damage's own place */
	bool hidden;                      /* something does, perhaps, but its disk does not tell, or it is no file */
	bool whole;                       /* places are all */
	struct stat st;
	size_t n_places, n_twins;
	struct survey_place *
	        places; /* of that inode, and of the untouched one in snapshots; those of one inode together, its own place the last */
	struct survey_place *twins; /* of other inodes with the recorded hash */
};

struct survey {
	size_t n_items, n_places;
	struct survey_item *items;             /* one for each damage of the book, in its order */
	struct timespec generations, incoming; /* private: when these folders changed last */
};

/* survey_make: of all the book's damage. The generations that each touches come into the book.
 * cost: the names of all generations; nothing if nothing is damaged. memory: bounded. errors: ERR_SYSTEM, the breath's */
int survey_make(const struct vault *vault, struct verify_book *book, struct breath *breath, struct survey **survey,
                struct error *err);
/* survey_fresh: has no generation, and nothing that is being built, come or gone since? */
bool survey_fresh(const struct vault *vault, const struct survey *survey);
void survey_destroy(struct survey **survey);

/* survey_open: the tree that a place is in, open; the caller's. errors: ERR_NOT_FOUND, by errno */
int survey_open(const struct vault *vault, const struct survey_place *place, int *tree_fd, struct error *err);

#endif
