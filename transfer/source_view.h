/* source_view: which part of a subvolume a pipeline shows: a folder in it, without what is excluded. Paths are relative to the subvolume. Pure. */
#ifndef AOB_SOURCE_VIEW_H
#define AOB_SOURCE_VIEW_H

#include <stdbool.h>

/* source_view_path: the part of a path that lies in the folder `below` ("": all); "" is the folder itself. Points into path. NULL: it does not lie there. */
const char *source_view_path(const char *below, const char *path);

/* source_view_shows: does it lie there, and is it not excluded? */
bool source_view_shows(const char *below, const char *const *excludes, const char *path);

/* source_view_above: is it the folder, or one that holds it? */
bool source_view_above(const char *below, const char *path);

#endif
