#include "receiver/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/entry.h"
#include "lib/file_system.h"
#include "lib/generation_name.h"
#include "lib/uuid.h"
#include "receiver/seal.h"

#define FORMAT_BYTES_MAX 4096
#define LOCK_TRIES 50
#define LOCK_NAP_NS 100000000L

bool vault_pipeline_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > VAULT_PIPELINE_MAX || name[0] == '.' || name[0] == '-' || name[0] == '_')
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static int open_folder(int parent_fd, const char *name, bool create, struct error *err)
{
	int fd;

	if (create && mkdirat(parent_fd, name, 0755) != 0 && errno != EEXIST)
		return error_sys(err, errno, "making the folder %s", name);
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : error_sys(err, errno, "opening the folder %s", name);
}

static int write_format(struct vault *vault, struct error *err)
{
	char text[160];
	int n = snprintf(text, sizeof(text), "{\"format\": %d, \"vault_id\": \"%s\", \"strategy\": \"%s\"}\n",
	                 VAULT_FORMAT, vault->id, strategy_name(vault->strategy));

	return durable_write(vault->aob_fd, "format.json", DURABLE_PUBLIC, text, (size_t)n, err);
}

/* The strategy that is asked for, or recorded, or the best. A new one is recorded by those who write. */
static int settle_strategy(struct vault *vault, enum strategy recorded, bool create, struct error *err)
{
	char current[32];

	if (!create) {
		vault->strategy = recorded != STRATEGY_AUTO ? recorded : STRATEGY_HARDLINK;
		return 0;
	}
	if (vault_current(vault, current, err) != 0 ||
	    strategy_choose(vault->aob_fd, vault->options->strategy, recorded, current[0] != '\0', &vault->strategy,
	                    err) != 0)
		return -1;
	return vault->strategy != recorded ? write_format(vault, err) : 0;
}

static int read_format(struct vault *vault, bool create, struct error *err)
{
	enum strategy recorded = STRATEGY_AUTO;
	char *text = NULL;
	size_t len_bytes = 0;
	json_t *json = NULL;
	const char *id = NULL;
	const char *strategy = "auto";
	int format = 0;
	int rc = -1;

	if (durable_read(vault->aob_fd, "format.json", FORMAT_BYTES_MAX, &text, &len_bytes, err) != 0) {
		if (err->class != ERR_NOT_FOUND || !create)
			return -1;
		error_clear(err);
		return uuid_make(vault->id, err) == 0 ? settle_strategy(vault, STRATEGY_AUTO, create, err) : -1;
	}
	json = json_loadb(text, len_bytes, 0, NULL);
	if (json == NULL ||
	    json_unpack(json, "{s:i, s:s, s?s}", "format", &format, "vault_id", &id, "strategy", &strategy) != 0 ||
	    strlen(id) >= sizeof(vault->id) || strategy_named(strategy, &recorded, NULL) != 0) {
		(void)error_set(err, ERR_DAMAGED,
		                ".aob/format.json of this vault can't be read; bring it back from another copy");
	} else if (format > VAULT_FORMAT) {
		(void)error_set(err, ERR_CONFIG,
		                "this vault has format %d, this receiver knows %d; install a newer one", format,
		                VAULT_FORMAT);
	} else {
		(void)snprintf(vault->id, sizeof(vault->id), "%s", id);
		rc = settle_strategy(vault, recorded, create, err);
	}
	json_decref(json);
	free(text);
	return rc;
}

static int open_folders(struct vault *vault, bool create, struct error *err)
{
	int root_fd = open(vault->options->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_sys(err, errno, "opening the vault's root %s (is its disk mounted?)",
		                 vault->options->root);
	vault->folder_fd = open_folder(root_fd, vault->pipeline, create, err);
	(void)close(root_fd);
	if (vault->folder_fd < 0 || (vault->aob_fd = open_folder(vault->folder_fd, ".aob", create, err)) < 0 ||
	    (vault->generations_fd = open_folder(vault->folder_fd, "generations", create, err)) < 0 ||
	    (vault->records_fd = open_folder(vault->aob_fd, "generations", create, err)) < 0 ||
	    (vault->incoming_fd = open_folder(vault->aob_fd, "incoming", create, err)) < 0 ||
	    (vault->trash_fd = open_folder(vault->aob_fd, "trash", create, err)) < 0)
		return -1;
	return 0;
}

int vault_open(const struct vault_options *options, const char *pipeline, bool create, struct vault **vault,
               struct error *err)
{
	struct vault *made;

	*vault = NULL;
	if (!vault_pipeline_valid(pipeline))
		return error_set(err, ERR_INPUT, "\"%.100s\" is not the name of a pipeline", pipeline);
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->options = options;
	(void)snprintf(made->pipeline, sizeof(made->pipeline), "%s", pipeline);
	made->fake_super = geteuid() != 0;
	made->folder_fd = made->aob_fd = made->generations_fd = made->records_fd = -1;
	made->incoming_fd = made->trash_fd = made->lock_fd = -1;
	if (open_folders(made, create, err) != 0 || read_format(made, create, err) != 0) {
		error_prefix(err, "vault %s/%s", options->root, pipeline);
		vault_close(&made);
		return -1;
	}
	*vault = made;
	return 0;
}

void vault_know_kind(const char *root)
{
	char kind[FILE_SYSTEM_KIND_SIZE];
	int fd = root != NULL ? open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	file_system_kind(fd, kind);
	if (strcmp(kind, FILE_SYSTEM_GLUSTER) == 0) {
		entry_leave_symlinks();
		entry_doubt_links();
		seal_believe_none();
	}
	(void)close(fd);
}

/* `.aob` is nobody's in the source, so its owner is who wrote. */
void vault_read_as_written(const struct vault *vault, bool writes_none)
{
	struct stat st;
	bool by_root = fstat(vault->aob_fd, &st) == 0 && st.st_uid == 0;

	if (by_root && writes_none) {
		entry_take_as_it_is();
		return;
	}
	entry_read_symlink_files();
	if (!by_root && geteuid() == 0)
		entry_take_for_fake_super();
}

void vault_close(struct vault **vault)
{
	struct vault *v = *vault;

	if (v == NULL)
		return;
	*vault = NULL;
	const int fds[] = { v->lock_fd,        v->trash_fd, v->incoming_fd, v->records_fd,
		            v->generations_fd, v->aob_fd,   v->folder_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	free(v);
}

static void sign_lock(int fd)
{
	char host[65] = "";
	char text[160];
	int n;

	(void)gethostname(host, sizeof(host) - 1);
	n = snprintf(text, sizeof(text), "process %ld on %s, since %lld\n", (long)getpid(), host,
	             (long long)time(NULL));
	/* Only words for people: the lock itself is the kernel's. */
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) < 0)
		return;
}

int vault_lock(struct vault *vault, struct error *err)
{
	struct timespec nap = { .tv_nsec = LOCK_NAP_NS };
	char holder[160] = "";
	int fd = openat(vault->aob_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return error_sys(err, errno, "opening the vault's lock");
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			sign_lock(fd);
			vault->lock_fd = fd;
			return 0;
		}
		if (errno != EWOULDBLOCK && errno != EINTR) {
			(void)error_sys(err, errno, "locking the vault");
			(void)close(fd);
			return -1;
		}
		(void)nanosleep(&nap, NULL);
	}
	if (pread(fd, holder, sizeof(holder) - 1, 0) < 0)
		holder[0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	(void)close(fd);
	return error_set(err, ERR_LOCKED, "the vault is being written to by another receiver (%s)", holder);
}

void vault_unlock(struct vault *vault)
{
	if (vault->lock_fd >= 0)
		(void)close(vault->lock_fd);
	vault->lock_fd = -1;
}

bool vault_written(const struct vault *vault)
{
	int fd = vault->lock_fd < 0 ? openat(vault->aob_fd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	bool written;

	if (fd < 0)
		return false;
	/* Held for a moment only; who wants it meanwhile tries again. */
	written = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	(void)close(fd);
	return written;
}

int vault_has(const struct vault *vault, const char *generation, struct error *err)
{
	struct stat st;

	if (fstatat(vault->generations_fd, generation, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISDIR(st.st_mode);
	return errno == ENOENT || errno == ENOTDIR
	               ? 0
	               : error_sys(err, errno, "looking at the folder of generation %s", generation);
}

int vault_current(const struct vault *vault, char name[32], struct error *err)
{
	static const char prefix[] = "generations/";
	char target[128];
	ssize_t n = readlinkat(vault->folder_fd, "current", target, sizeof(target) - 1);

	name[0] = '\0';
	if (n < 0) /* EINVAL: it is no symlink */
		return errno == ENOENT || errno == ENOTDIR || errno == EINVAL
		               ? 0
		               : error_sys(err, errno, "reading where `current` leads");
	target[n] = '\0';
	if (strncmp(target, prefix, strlen(prefix)) == 0 && generation_name_valid(target + strlen(prefix)) &&
	    vault_has(vault, target + strlen(prefix), NULL) != 0)
		(void)snprintf(name, 32, "%.31s", target + strlen(prefix));
	return 0;
}
