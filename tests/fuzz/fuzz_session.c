/* Whatever a client says, from its first byte to its last: `current` leads to a whole generation, the one that was there is as it was, but for what is mended there, and what lies
 * beside the vault's root is untouched. */
#include <sys/socket.h>

#include "lib/log.h"
#include "receiver/serve.h"
#include "tests/fuzz/playground.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MOST 65536 /* fits into a socket */

static void still_right(void)
{
	static const char prefix[] = "generations/";
	char path[400];
	char target[128];
	struct stat st;
	ssize_t n;

	playground_holds("beside/file", 0);
	playground_want(playground_entries("beside") == 1);
	(void)snprintf(path, sizeof(path), "%s/root/p/generations/" PLAYGROUND_GENERATION, playground_path);
	if (stat(path, &st) == 0) { /* a client may have it removed, but only as a whole */
		playground_holds("root/p/generations/" PLAYGROUND_GENERATION "/file", 0);
		playground_holds("root/p/generations/" PLAYGROUND_GENERATION "/folder/deep", 0);
	}
	playground_rots_or_mended();
	(void)snprintf(path, sizeof(path), "%s/root/p/current", playground_path);
	n = readlink(path, target, sizeof(target) - 1);
	playground_want(n > (ssize_t)strlen(prefix) && strncmp(target, prefix, strlen(prefix)) == 0);
	playground_want(stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char root[400];
	struct vault_options options = { .root = root };
	struct error err = { .class = ERR_NONE };
	int ends[2];
	int out_fd;

	if (size > INPUT_MOST)
		return 0;
	playground_vault();
	playground_rots();
	(void)snprintf(root, sizeof(root), "%s/root", playground_path);
	log_open("fuzz", NULL);
	playground_want(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	playground_want(size == 0 || write(ends[1], data, size) == (ssize_t)size);
	(void)close(ends[1]);
	out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	playground_want(out_fd >= 0);
	(void)serve_run(&options, NULL, ends[0], out_fd, &err);
	(void)close(ends[0]);
	(void)close(out_fd);
	still_right();
	return 0;
}
