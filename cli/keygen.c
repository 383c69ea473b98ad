/* Keys for tcp endpoints (CURVE): one pair for the broker, one for each other machine. */
#include <czmq.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/options.h"
#include "cli/verbs.h"

#define PATH_SIZE 4096

static const char usage[] =
        "usage: aob keygen FILE\n\n"
        "Makes a pair of keys for tcp endpoints (`broker: { curve: … }`): the public one in FILE, the secret one in\n"
        "FILE_secret, which stays on this machine. Neither is overwritten. See docs/hosts.md.\n";

static int refuse_if_there(const char *path, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return error_set(err, ERR_INPUT, "%s is there already, and is not overwritten; choose another name",
		                 path);
	return errno == ENOENT ? 0 : error_sys(err, errno, "%s", path);
}

static int sync_file(const char *path, mode_t mode, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return error_sys(err, errno, "opening %s", path);
	if (fchmod(fd, mode) != 0 || fsync(fd) != 0)
		rc = error_sys(err, errno, "writing %s", path);
	(void)close(fd);
	return rc;
}

/* The secret one first: a public one without it is of no use to anybody. */
static int make(const char *path, struct error *err)
{
	char secret[PATH_SIZE];
	zcert_t *certificate = NULL;
	int rc = -1;

	if (snprintf(secret, sizeof(secret), "%s_secret", path) >= (int)sizeof(secret))
		return error_set(err, ERR_INPUT, "the name is too long");
	if (refuse_if_there(secret, err) != 0 || refuse_if_there(path, err) != 0)
		return -1;
	certificate = zcert_new();
	if (certificate == NULL)
		return error_set(err, ERR_SYSTEM, "making a pair of keys");
	(void)umask(0077);
	if (zcert_save_secret(certificate, secret) != 0 || access(secret, F_OK) != 0)
		(void)error_set(err, ERR_IO, "%s can't be written", secret);
	else if (zcert_save_public(certificate, path) != 0 || access(path, F_OK) != 0)
		(void)error_set(err, ERR_IO, "%s can't be written", path);
	else if (sync_file(secret, 0600, err) == 0 && sync_file(path, 0644, err) == 0)
		rc = 0;
	zcert_destroy(&certificate);
	if (rc != 0) {
		(void)unlink(secret);
		(void)unlink(path);
	}
	return rc;
}

int keygen_main(int argc, char **argv, const char *config_path)
{
	struct error err = { .class = ERR_NONE };
	struct options options;
	int status = options_read(argc, argv, "", OPTIONS_WANT_WORD, usage, &options);

	(void)config_path;
	if (status >= 0)
		return status;
	if (make(options.word, &err) != 0)
		return ask_failed("keygen", &err);
	(void)printf("%s: public; the other machines need it\n%s_secret: secret; it stays here\n", options.word,
	             options.word);
	return EX_OK;
}
