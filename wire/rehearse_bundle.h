/* rehearse_bundle: are the Macs' bundles in a generation such that a Mac can open them? Told from the listing of the generation (each band lies within the image, and is no larger than a band) and from
 * their small files, which are brought back (property lists that can be read). A band itself is whatever was backed up: its hash tells whether it still is.
 *
 * Only what Time Machine has marked is looked at, and not one that is being prepared (".incomplete").
 * lifetime: rehearse_bundle_new / rehearse_bundle_destroy. threads: one. source: docs/configuration.md "Rehearsing" */
#ifndef AOB_REHEARSE_BUNDLE_H
#define AOB_REHEARSE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/entry.h"
#include "lib/error.h"
#include "wire/rehearse_sample.h"

#define REHEARSE_BUNDLE_OWN_MAX 32 /* of a bundle: it has some six */

struct rehearse_bundles;

int rehearse_bundle_new(struct rehearse_bundles **bundles, struct error *err);
void rehearse_bundle_destroy(struct rehearse_bundles **bundles);

/* rehearse_bundle_entry: each entry of the generation, in the order of a tree. *is_own: it is one of the small files that say what the bundle is, and is brought back in any case. sample: what gives bands
 * their place by chance. errors: ERR_SYSTEM */
int rehearse_bundle_entry(struct rehearse_bundles *bundles, const struct entry *entry,
                          const struct rehearse_sample *sample, bool *is_own, struct error *err);

/* rehearse_bundle_prefer: a band of each, drawn by lot, goes into the sample. errors: ERR_SYSTEM */
int rehearse_bundle_prefer(const struct rehearse_bundles *bundles, struct rehearse_sample *sample, struct error *err);

/* rehearse_bundle_count: of all; those that are looked at are some of them. */
size_t rehearse_bundle_count(const struct rehearse_bundles *bundles);
bool rehearse_bundle_is_looked_at(const struct rehearse_bundles *bundles, size_t bundle);

/* rehearse_bundle_own: the paths of one's small files, NULL-terminated, borrowed. Returns how many. Of one that is not looked at too: nothing else would bring them back. */
size_t rehearse_bundle_own(const struct rehearse_bundles *bundles, size_t bundle,
                           const char *paths[REHEARSE_BUNDLE_OWN_MAX + 1]);

/* rehearse_bundle_check: folder_fd: where its small files lie now, each at its path; -1: none came back. wrong: called for each fault; path: of what is wrong, below the generation. */
void rehearse_bundle_check(const struct rehearse_bundles *bundles, size_t bundle, int folder_fd,
                           void (*wrong)(void *context, const char *path, const char *reason), void *context);

#endif
