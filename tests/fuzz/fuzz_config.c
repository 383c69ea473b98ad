/* Whatever lies where the configuration should: it is read or refused, a fault with its place; and what is read is whole. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(int good)
{
	if (!good)
		abort();
}

static void look_over(const struct config *config)
{
	for (size_t i = 0; i < config->n_pipelines; i++) {
		const struct config_pipeline *p = &config->pipelines[i];

		want(p->vault != NULL && p->n_stages != 0 && p->source[0] == '/' && strlen(p->name) <= CONFIG_NAME_MAX);
		want(config_pipeline(config, p->name) == p);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { .class = ERR_NONE };
	struct config *config;
	char path[32];
	FILE *faults = fopen("/dev/null", "we");
	int fd = memfd_create("aob.yaml", MFD_CLOEXEC);

	want(faults != NULL && fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, data, size) == (ssize_t)size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (config_load(path, &config, faults, &err) == 0)
		look_over(config);
	else
		want(err.class != ERR_NONE && err.text[0] != '\0');
	config_destroy(&config);
	(void)fclose(faults);
	(void)close(fd);
	return 0;
}
