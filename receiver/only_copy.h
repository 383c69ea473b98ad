/* only_copy: `aob-receiver adopt --tree DIR --move` takes files out of DIR, so that until it is published, they lie in its incoming tree alone. A mark beside that tree says so, before the first is taken:
 * then nobody else builds in this vault, nor throws that tree away, until the adoption was said again and is published, which takes the mark away with its folder. docs/seeding.md
 *
 * threads: one; the vault is locked. */
#ifndef AOB_ONLY_COPY_H
#define AOB_ONLY_COPY_H

#include "receiver/vault.h"

#define ONLY_COPY_MARK "moved-from" /* in incoming/<run>: DIR's path, a line. wire/bare.sh knows it, too */

/* only_copy_mark: fd: incoming/<run>, whose tree is there. durable: on return 0. repeat: safe. errors: by errno */
int only_copy_mark(const struct vault *vault, int fd, const char *dir, struct error *err);

/* only_copy_move: renameat(2), between DIR's tree and the incoming one, either way; dir_fd: the one of both folders that is in DIR, which keeps its time where it may be set: it is read once more. Returns 0 or -1, with errno */
int only_copy_move(int from_fd, const char *name, int to_fd, const char *leaf, int dir_fd);

/* only_copy_look: does incoming/<run> hold the only copy of something? Once it is published, its tree is not there any more. 1: yes; 0: no; -1: that can't be told. errors: by errno */
int only_copy_look(const struct vault *vault, const char *run, struct error *err);

/* only_copy_refuse: is there such a run other than `but` (NULL: of all)? One that can't be looked at is passed over, as nobody throws it away. errors: ERR_LOCKED, with the command that ends it; by errno */
int only_copy_refuse(const struct vault *vault, const char *but, struct error *err);

/* only_copy_trash: incoming/<run> into the trash, whatever it is, but such a one. ENOENT is no error. errors: ERR_LOCKED; by errno, also if it can't be looked at */
int only_copy_trash(const struct vault *vault, const char *run, struct error *err);

#endif
