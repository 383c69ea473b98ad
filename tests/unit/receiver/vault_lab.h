/* vault_lab: a vault in a scratch folder, and an incoming tree in it. */
#ifndef AOB_TEST_VAULT_LAB_H
#define AOB_TEST_VAULT_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "receiver/incoming.h"
#include "receiver/publish.h"
#include "tests/unit/hidden_call.h"
#include "tests/unit/scratch.h"

struct vault_lab {
	char root[PATH_MAX / 4];
	struct vault_options options;
	struct vault *vault;
	struct ticker ticker; /* nobody listens: never so long that it would speak */
	struct error err;
};

/* Of a breath (receiver/breath.h): nobody listens. */
static inline int vault_lab_mute(void *context, uint64_t done, uint64_t total, bool waits, struct error *err)
{
	(void)context;
	(void)done;
	(void)total;
	(void)waits;
	(void)err;
	return 0;
}

static inline int vault_lab_open(void **state)
{
	struct vault_lab *lab = calloc(1, sizeof(*lab));

	if (lab == NULL)
		return -1;
	if (scratch_make(lab->root, sizeof(lab->root), "vault") != 0)
		return -1;
	lab->options.root = lab->root;
	lab->options.strategy = STRATEGY_HARDLINK; /* which works everywhere */
	if (vault_open(&lab->options, "photos", true, &lab->vault, &lab->err) != 0)
		return -1;
	*state = lab;
	return 0;
}

static inline int vault_lab_close(void **state)
{
	struct vault_lab *lab = *state;
	char command[PATH_MAX];

	vault_close(&lab->vault);
	(void)snprintf(command, sizeof(command), "chmod -R u+rwX '%s'; rm -rf '%s'", lab->root, lab->root);
	free(lab);
	return system(command);
}

/* from_fd: as incoming_begin has it */
static inline struct incoming *vault_lab_begin_from(struct vault_lab *lab, const char *run, int from_fd,
                                                    enum incoming_how *how)
{
	struct record *wanted = calloc(1, sizeof(*wanted));
	struct incoming *incoming;

	assert_non_null(wanted);
	(void)snprintf(wanted->run, sizeof(wanted->run), "%s", run);
	(void)snprintf(wanted->state, sizeof(wanted->state), "quiet");
	wanted->taken_at_s = 1763876160;
	if (incoming_begin(lab->vault, wanted, from_fd, &lab->ticker, &incoming, how, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	if (*how == INCOMING_FRESH && incoming_build(incoming, &lab->ticker, &lab->err) != 0)
		fail_msg("%s", lab->err.text);
	free(wanted);
	return incoming;
}

static inline struct incoming *vault_lab_begin(struct vault_lab *lab, const char *run, enum incoming_how *how)
{
	return vault_lab_begin_from(lab, run, -1, how);
}

/* Writes a file below the vault's folder, or reads one. */
static inline void vault_lab_write(const struct vault_lab *lab, const char *path, const char *text)
{
	int fd = openat(lab->vault->folder_fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
}

static inline const char *vault_lab_read(const struct vault_lab *lab, const char *path)
{
	static char text[1 << 20];
	int fd = openat(lab->vault->folder_fd, path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	assert_int_equal(close(fd), 0);
	return text;
}

static inline bool vault_lab_there(const struct vault_lab *lab, const char *path)
{
	struct stat st;

	return fstatat(lab->vault->folder_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* looks() is true in a child to which that system call answers EIO. */
static inline void vault_lab_failing(struct vault_lab *lab, unsigned call, bool (*looks)(struct vault_lab *lab))
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(hidden_call(call, EIO) && looks(lab) ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* A look at any generation fails from now on, for something else than that it is not there; or succeeds again. All else can be written to. */
static inline void vault_lab_shut(const struct vault_lab *lab)
{
	const int ours[] = { lab->vault->folder_fd, lab->vault->aob_fd, lab->vault->records_fd, lab->vault->incoming_fd,
		             lab->vault->trash_fd };

	assert_int_equal(fchmod(lab->vault->generations_fd, 0), 0);
	if (getuid() != 0)
		return;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		assert_int_equal(fchown(ours[i], 65534, 65534), 0);
	assert_int_equal(seteuid(65534), 0);
}

static inline void vault_lab_unshut(const struct vault_lab *lab)
{
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(fchmod(lab->vault->generations_fd, 0755), 0);
}

#endif
