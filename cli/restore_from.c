#include "cli/restore_from.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/vault_place.h"

#define SCHEME "ssh://"

static int hex_of(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c | (c >= 'A' && c <= 'F' ? 0x20 : 0)) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* In place. False: no such byte. */
static bool unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at != '%') {
			*to++ = *at;
			continue;
		}
		if (hex_of(at[1]) < 0 || hex_of(at[2]) < 0 || (at[1] == '0' && at[2] == '0'))
			return false;
		*to++ = (char)(hex_of(at[1]) * 16 + hex_of(at[2]));
		at += 2;
	}
	*to = '\0';
	return true;
}

int restore_from_url(const char *url, char **ssh, char **root, struct error *err)
{
	const char *host = url + strlen(SCHEME);
	size_t n = strcspn(host, "/");

	*ssh = *root = NULL;
	if (strncmp(url, SCHEME, strlen(SCHEME)) != 0 || n == 0 || host[0] == '-' || host[n] != '/')
		return error_set(err, ERR_USAGE, "'%.200s' is not ssh://[user@]host[:port]/folder/of/the/vault", url);
	*ssh = strndup(host, n);
	*root = strdup(host + n);
	if (*ssh != NULL && *root != NULL && unescape(*root))
		return 0;
	free(*ssh);
	free(*root);
	*ssh = *root = NULL;
	return error_set(err, ERR_USAGE, "'%.200s': a %% stands before two hexadecimal digits; itself it is %%25", url);
}

/* The pipelines in the vault's folder: the only one, or an error that names them. */
static int find_pipeline(struct restore_from *from, struct error *err)
{
	DIR *dir = opendir(from->root);
	const struct dirent *item;
	char names[400] = "";
	unsigned n = 0;

	if (dir == NULL)
		return error_sys(err, errno, "opening %s", from->root);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
	while ((item = readdir(dir)) != NULL) {
		char path[PATH_MAX];
		char safe[200];
		size_t used = strlen(names);

		if (item->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s", from->root, item->d_name) >= (int)sizeof(path) ||
		    !vault_place_is(path))
			continue;
		if (n++ == 0)
			from->found = strdup(item->d_name);
		(void)snprintf(names + used, sizeof(names) - used, "%s%s", n > 1 ? ", " : "",
		               log_escape(item->d_name, safe, sizeof(safe)));
	}
	(void)closedir(dir);
	if (n == 0)
		return error_set(err, ERR_NOT_FOUND,
		                 "%s holds no vault; name the folder that the pipelines' folders lie in (is its disk "
		                 "mounted?)",
		                 from->root);
	if (n > 1)
		return error_set(err, ERR_USAGE, "there are several pipelines; name one of %s", names);
	from->pipeline = from->found;
	return from->found != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}

static int local(struct restore_from *from, const char *where, struct error *err)
{
	char *slash;

	from->root = realpath(where, NULL);
	if (from->root == NULL)
		return error_sys(err, errno, "--from %s (ssh://[user@]host[:port]/folder, or a folder of this machine)",
		                 where);
	slash = strrchr(from->root, '/');
	if (!vault_place_is(from->root))
		return from->pipeline != NULL ? 0 : find_pipeline(from, err);
	if (from->pipeline != NULL && strcmp(from->pipeline, slash + 1) != 0)
		return error_set(err, ERR_USAGE, "%s is the folder of the pipeline %s, not of %s", from->root,
		                 slash + 1, from->pipeline);
	from->found = strdup(slash + 1);
	if (from->found == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	from->pipeline = from->found;
	slash[slash == from->root] = '\0';
	return 0;
}

int restore_from_init(struct restore_from *from, const char *where, const char *pipeline, const char *identity,
                      const char *const *ssh_options, struct error *err)
{
	size_t n = 0;
	int rc;

	*from = (struct restore_from){ .pipeline = pipeline };
	for (; ssh_options[n] != NULL; n++) {
		if (n == RESTORE_FROM_SSH_OPTIONS)
			return error_set(err, ERR_USAGE, "more than %d --ssh-option", RESTORE_FROM_SSH_OPTIONS);
		from->ssh_options[n] = ssh_options[n];
	}
	if (strstr(where, "://") == NULL) {
		rc = local(from, where, err);
	} else {
		rc = restore_from_url(where, &from->ssh, &from->root, err);
		if (rc == 0 && pipeline == NULL)
			rc = error_set(err, ERR_USAGE, "name the pipeline too; it is a folder's name in %s",
			               from->root);
	}
	from->vault = (struct config_vault){ .name = "--from",
		                             .ssh = from->ssh,
		                             .identity = identity,
		                             .ssh_options = from->ssh_options,
		                             .strategy = "auto",
		                             .root = from->root,
		                             .may_ask = isatty(STDERR_FILENO) == 1 };
	return rc;
}

void restore_from_done(struct restore_from *from)
{
	free(from->ssh);
	free(from->root);
	free(from->found);
	*from = (struct restore_from){ .pipeline = NULL };
}
