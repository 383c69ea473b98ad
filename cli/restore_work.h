/* restore_work: the folder that an unfinished restore keeps in its target (lib/restore_folder.h), with 16 random digits, so that nothing in a generation has that name: which generation is
 * being restored, files under way, and which of those that came were not as they should be. It goes when all is there. As its going moves the target's time, that is remembered in an attribute of the target until it is
 * set again: killed in between, the same command only does that.
 *
 * One restore at a time works on a target: it is locked (flock). lifetime: restore_work_open / restore_work_close. threads: one. */
#ifndef AOB_RESTORE_WORK_H
#define AOB_RESTORE_WORK_H

#include <stdbool.h>
#include <time.h>

#include "cli/restore_aside.h"
#include "lib/error.h"
#include "lib/restore_folder.h"

#define RESTORE_WORK_PARTS "parts" /* in its folder: of an rsync, what it has of files */
#define RESTORE_WORK_NAME_SIZE 32

/* What a restore is known again by. Borrowed. */
struct restore_work_key {
	const char *pipeline;
	const char *wanted;     /* what of the generation, as one text */
	const char *generation; /* NULL: the vault's current one, or the one that was begun with */
	const char *aside;      /* where to keep what is replaced, if it is only begun now; NULL: nowhere */
};

struct restore_work {
	int target_fd; /* the caller's */
	int fd;        /* of the folder; -1: it is not made yet */
	int bad_fd;
	char name[RESTORE_WORK_NAME_SIZE];
	char generation[32];                 /* that was begun with; "": nothing was begun */
	char aside[RESTORE_ASIDE_NAME_SIZE]; /* where what is replaced is kept; "" nowhere */
	bool complete;                       /* all is there, but for the target's time: restore_work_finish */
	bool same_boot;                      /* as the last time: what is there is there */
	bool others;                         /* the target holds other things than that folder */
	/* private: */
	bool made;                   /* the folder, by this process, and nothing is begun in it */
	struct timespec was;         /* the target's time before that */
	struct restore_work_key key; /* of restore_work_begin */
	char begun[32];
	struct timespec time; /* of the target */
};

/* restore_work_open: locks the target, and looks for what an earlier restore left there. Changes nothing.
 * errors: ERR_LOCKED; ERR_REFUSED: another restore was begun there, says which; by errno */
int restore_work_open(struct restore_work *work, int target_fd, const struct restore_work_key *key, struct error *err);

/* restore_work_prepare: makes the folder, if it is not there: for what is tried out before anything is begun. restore_work_give_up: if it was made so and nothing was begun, it goes, and the
 * target has its time again. */
int restore_work_prepare(struct restore_work *work, struct error *err);
void restore_work_give_up(struct restore_work *work);

/* restore_work_begin: makes the folder, if it is not there, and writes down what is being restored. durable: on return 0. repeat: safe */
int restore_work_begin(struct restore_work *work, const struct restore_work_key *key, const char *generation,
                       struct error *err);

/* restore_work_bad: a file that is about to be put in place is not what was recorded: the next restore shall try it again. */
int restore_work_bad(struct restore_work *work, const char *path, struct error *err);
/* restore_work_each_bad: calls each for those that an earlier restore wrote down, then forgets them. */
int restore_work_each_bad(struct restore_work *work, int (*each)(void *context, const char *path, struct error *err),
                          void *context, struct error *err);

/* restore_work_end: the folder goes, with what is left in it, and the target has its time again. durable: once the caller has synced the target.
 * killed anywhere: nothing is amiss, or `complete` */
int restore_work_end(struct restore_work *work, struct error *err);
/* restore_work_finish: what an end had left to do; `complete` is false then, and nothing is begun. repeat: safe */
int restore_work_finish(struct restore_work *work, struct error *err);
void restore_work_close(struct restore_work *work);

#endif
