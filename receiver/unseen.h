/* unseen: attributes that only root sees (trusted.*). Who has become the vault's user can't even tell whether there are any; so a child that stays root is asked.
 * It answers with one bit, and lives as long as it may be asked.
 *
 * lifetime: unseen_begin / unseen_end, which takes one that was not begun too. threads: none may exist at unseen_begin. source: xattr(7) */
#ifndef AOB_UNSEEN_H
#define AOB_UNSEEN_H

#include <stdbool.h>
#include <sys/types.h>

struct unseen {
	pid_t pid; /* 0: none, as this process is not root */
	int ask_fd;
};

/* unseen_begin: while this process is root; without a child nothing is told to be there. */
void unseen_begin(struct unseen *unseen);

/* unseen_there: has anything in this folder such an attribute? Once. What can't be looked at has none. */
bool unseen_there(struct unseen *unseen, const char *folder);

void unseen_end(struct unseen *unseen);

#endif
