#include "transfer/asked.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/restore_folder.h"

void asked_init(struct asked *asked)
{
	*asked = (struct asked){ .root_fd = -1, .folder_fd = -1 };
}

static int open_folder(const char *path, int *fd, struct error *err)
{
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd >= 0 ? 0 : error_sys(err, errno, "opening the snapshot %s", path);
}

/* What is asked for, and what is in no generation in any case. */
static int read_excludes(const struct stage_request *request, struct asked *asked, struct error *err)
{
	const char *const *patterns = NULL;
	size_t n = 0;

	if (stage_request_with_strings(request, "exclude", &patterns, err) != 0)
		return -1;
	while (patterns != NULL && patterns[n] != NULL)
		n++;
	asked->excludes = calloc(n + 2, sizeof(*asked->excludes));
	if (asked->excludes == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		asked->excludes[i] = patterns[i];
	asked->excludes[n] = RESTORE_FOLDER_PATTERN;
	return 0;
}

int asked_read(const struct stage_request *request, struct asked *asked, struct error *err)
{
	const char *below;

	if (read_excludes(request, asked, err) != 0)
		return -1;
	asked->path = stage_request_result_string(request, "snapshot", "path");
	if (asked->path == NULL)
		return error_set(
		        err, ERR_CONFIG,
		        "no step before this one made a snapshot; put `snapshot` in front of `transfer` in the "
		        "pipeline's stages");
	asked->root = stage_request_result_string(request, "snapshot", "snapshot");
	below = asked->root != NULL ? anchor_below(asked->root, asked->path) : NULL;
	if (below == NULL)
		asked->root = asked->path;
	if (anchor_view(below != NULL ? below : "", asked->excludes, asked->view, err) != 0 ||
	    open_folder(asked->root, &asked->root_fd, err) != 0)
		return -1;
	return open_folder(asked->path, &asked->folder_fd, err);
}

void asked_done(struct asked *asked)
{
	free(asked->excludes);
	if (asked->root_fd >= 0)
		(void)close(asked->root_fd);
	if (asked->folder_fd >= 0)
		(void)close(asked->folder_fd);
	asked_init(asked);
}

const char *asked_uuid(const struct stage_request *request)
{
	const char *uuid = stage_request_result_string(request, "snapshot", "uuid");

	return uuid != NULL ? uuid : "";
}

void asked_macs(const struct stage_request *request, struct wire_macs *macs)
{
	struct stage_mac known[STAGE_MACS_MAX];
	size_t n = stage_request_macs(request, known);

	for (macs->n = 0; macs->n < n && macs->n < MACS_CODEC_MAX; macs->n++) {
		const struct stage_mac *from = &known[macs->n];
		struct wire_mac *to = &macs->list[macs->n];

		(void)log_escape(from->name, to->name, sizeof(to->name));
		(void)snprintf(to->state, sizeof(to->state), "%.11s", from->state);
		to->completed_at_s = from->completed_at;
		to->verification_failed = from->verification_failed;
	}
}
