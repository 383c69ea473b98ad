/* plist_binary: the binary form, "bplist00". Private to lib/plist.c. */
#ifndef AOB_PLIST_BINARY_H
#define AOB_PLIST_BINARY_H

#include "lib/plist.h"

/* As plist_parse. */
int plist_binary_parse(const void *data, size_t len_bytes, plist_each *each, void *cookie, struct error *err);

/* plist_path_add: append "/key", or the first key; cut to the room. */
void plist_path_add(char path[PLIST_PATH_SIZE], const char *key);

#endif
