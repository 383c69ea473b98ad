/* view_detail: what the transfer of a run told of it, as the broker's `run-info` has it (docs/protocol.md): what changed in its generation.
 *
 * As a view it does not change once it is made. lifetime: view_detail_parse / view_detail_destroy. threads: may be read from any. */
#ifndef AOB_MONITOR_VIEW_DETAIL_H
#define AOB_MONITOR_VIEW_DETAIL_H

#include "monitor/view.h"

#define VIEW_CHANGES_MAX 100 /* kept of a list; ours tells fewer */

struct view_change {
	const char *kind;      /* removed, moved, new, changed, metadata, or one that is not known here */
	const char *path, *to; /* to: "" but for what moved */
	int64_t bytes;         /* of a file's content; -1: not told */
};

struct view_detail {
	bool known; /* false: the run is forgotten, or it had no transfer that ended well */
	bool first; /* the pipeline's first copy: all of it is new */
	int64_t changed_files, matched_bytes, wire_received, seconds;
	bool has_changes; /* the transfer told what follows */
	bool whole;       /* … and all of it: no broken connection had brought a part before */
	int64_t removed, moved, fresh, changed, metadata;
	int64_t in_new_folders; /* what lies in new folders, besides the above */
	int64_t left_out;       /* of the above, not in the list */
	const struct view_change *changes;
	size_t n_changes;
	void *memory;
};

/* view_detail_parse: reply: the broker's answer to `run-info`. A run that is not there (any more) is no error. errors: ERR_PROTOCOL, ERR_SYSTEM */
int view_detail_parse(const char *reply, size_t len_bytes, struct view_detail **detail, struct error *err);
void view_detail_destroy(struct view_detail **detail);

#endif
