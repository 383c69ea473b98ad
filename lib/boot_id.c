#include "lib/boot_id.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void boot_id_read(char id[BOOT_ID_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, id, BOOT_ID_SIZE - 1) : 0;

	id[n > 0 ? n : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	if (fd >= 0)
		(void)close(fd);
}
