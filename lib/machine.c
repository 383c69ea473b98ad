#include "lib/machine.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/hex.h"

#define KEY_BYTES 32
#define OURS "AutoOffsiteBackup machine 1"

/* Returns whether there is one. */
static int read_id(const char *path, char key[KEY_BYTES])
{
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd >= 0 ? read(fd, key, KEY_BYTES) : 0;

	if (fd >= 0)
		(void)close(fd);
	return n == KEY_BYTES && strspn(key, "0123456789abcdef") >= KEY_BYTES;
}

void machine_this(struct machine *machine)
{
	char key[KEY_BYTES + 1] = "";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	size_t key_bytes = KEY_BYTES;

	*machine = (struct machine){ .host = "localhost" };
	(void)gethostname(machine->host, sizeof(machine->host) - 1);
	if (!read_id(secure_getenv("AOB_MACHINE_ID_FILE"), key) && !read_id("/etc/machine-id", key) &&
	    !read_id("/var/lib/dbus/machine-id", key)) {
		(void)snprintf(key, sizeof(key), "%.32s", machine->host);
		key_bytes = strlen(key);
	}
	if (HMAC(EVP_sha256(), key, (int)key_bytes, (const unsigned char *)OURS, strlen(OURS), digest, &len) == NULL)
		memset(digest, 0, sizeof(digest));
	hex_text(digest, (MACHINE_ID_SIZE - 1) / 2, machine->id);
}
