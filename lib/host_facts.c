#include "lib/host_facts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/host_probe.h"

#define APT_MS 25000
#define SMART_MS 8000
#define SMARTS_MAX 3 /* late ones; then no more are asked */
#define TEXT_SIZE 8192
#define DISTRO_INFO "/usr/share/distro-info"

void host_facts_put(struct host_facts *facts, const char *name, const char *format, ...)
{
	char *value;
	va_list words;

	if (facts->n == HOST_FACTS_MAX)
		return;
	(void)snprintf(facts->list[facts->n].name, HOST_FACTS_NAME_SIZE, "%s", name);
	value = facts->list[facts->n].value;
	va_start(words, format);
	(void)vsnprintf(value, HOST_FACTS_VALUE_SIZE, format, words);
	va_end(words);
	for (; *value != '\0'; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			*value = ' ';
	facts->n++;
}

const char *host_facts_get(const struct host_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->n; i++)
		if (strcmp(facts->list[i].name, name) == 0)
			return facts->list[i].value;
	return "";
}

/* The beginning of a small file, as text. 0: it is not there. */
static size_t read_text(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, out, size - 1) : -1;

	if (fd >= 0)
		(void)close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* KEY=VALUE of a text such as os-release(5), without quotes. */
static void value_of(const char *text, const char *key, char *out, size_t size)
{
	size_t n = strlen(key);

	out[0] = '\0';
	for (const char *at = text; at != NULL && *at != '\0'; at = strchr(at, '\n')) {
		size_t length;

		at += *at == '\n';
		if (strncmp(at, key, n) != 0 || at[n] != '=')
			continue;
		at += n + 1;
		length = strcspn(at, "\n");
		if (length >= 2 && (at[0] == '"' || at[0] == '\'') && at[length - 1] == at[0]) {
			at++;
			length -= 2;
		}
		(void)snprintf(out, size, "%.*s", (int)length, at);
		return;
	}
}

static bool is_date(const char *text)
{
	return strlen(text) == 10 && strspn(text, "0123456789-") == 10 && text[4] == '-' && text[7] == '-';
}

/* Debian's list: version,codename,series,created,release,eol,eol-lts,…; "12" also stands there as "12", Ubuntu's as "22.04 LTS". The later of both ends counts. */
static void distro_info_end(const char *folder, const char *id, const char *version, char out[16])
{
	char path[256];
	char text[16 * TEXT_SIZE];
	size_t n = strlen(version);

	(void)snprintf(path, sizeof(path), "%s/%s.csv", folder, id);
	if (n == 0 || strchr(id, '/') != NULL || read_text(path, text, sizeof(text)) == 0)
		return;
	for (char *line = text; line != NULL; line = strchr(line, '\n')) {
		char field[16];
		const char *at;

		line += *line == '\n';
		if (strncmp(line, version, n) != 0 || (line[n] != ',' && line[n] != ' '))
			continue;
		at = line;
		for (unsigned column = 0; column < 7; column++) {
			(void)snprintf(field, sizeof(field), "%.*s", (int)strcspn(at, ",\n"), at);
			if (column >= 5 && is_date(field) && strcmp(field, out) > 0)
				memcpy(out, field, 11);
			at += strcspn(at, ",\n");
			if (*at != ',')
				break;
			at++;
		}
		return;
	}
}

void host_facts_support_end(const char *os_release, const char *distro_info, char out[16])
{
	/* Debian's, with long-term support. source: https://wiki.debian.org/LTS */
	static const struct {
		const char *id, *version, *end;
	} table[] = { { "debian", "11", "2026-08-31" },
		      { "debian", "12", "2028-06-30" },
		      { "debian", "13", "2030-06-30" } };
	char id[32];
	char version[32];
	char end[32] = "";

	out[0] = '\0';
	value_of(os_release, "SUPPORT_END", end, sizeof(end));
	if (is_date(end)) {
		memcpy(out, end, 11);
		return;
	}
	value_of(os_release, "ID", id, sizeof(id));
	value_of(os_release, "VERSION_ID", version, sizeof(version));
	distro_info_end(distro_info, id, version, out);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && out[0] == '\0'; i++)
		if (strcmp(id, table[i].id) == 0 && strcmp(version, table[i].version) == 0)
			memcpy(out, table[i].end, 11);
}

static void system_facts(struct host_facts *facts)
{
	char text[TEXT_SIZE];
	char name[HOST_FACTS_VALUE_SIZE];
	char end[16];
	struct utsname kernel;

	if (read_text("/etc/os-release", text, sizeof(text)) == 0)
		(void)read_text("/usr/lib/os-release", text, sizeof(text));
	value_of(text, "PRETTY_NAME", name, sizeof(name));
	host_facts_put(facts, "os", "%s", name);
	host_facts_support_end(text, DISTRO_INFO, end);
	host_facts_put(facts, "os.support_end", "%s", end);
	if (uname(&kernel) == 0)
		host_facts_put(facts, "kernel", "%s %s %s", kernel.sysname, kernel.release, kernel.machine);
}

struct updates {
	unsigned all, security;
};

/* Inst openssl [3.0.16-1] (3.0.17-1~deb12u2 Debian-Security:12/stable-security [amd64]) */
static void update_line(void *context, const char *text)
{
	struct updates *updates = context;

	if (strncmp(text, "Inst ", 5) != 0)
		return;
	updates->all++;
	updates->security += strstr(text, "-security") != NULL || strstr(text, "Debian-Security") != NULL;
}

static void unattended_line(void *context, const char *text)
{
	const char *value = strstr(text, "Unattended-Upgrade \"");

	if (value != NULL && value[20] >= '1' && value[20] <= '9')
		*(bool *)context = true;
}

/* By apt's own view, which nobody needs to be root for. */
static void update_facts(struct host_facts *facts)
{
	static const char *const would[] = { "apt-get", "-s", "-qq", "-o", "Debug::NoLocking=1", "dist-upgrade", NULL };
	static const char *const config[] = { "apt-config", "dump", "APT::Periodic::Unattended-Upgrade", NULL };
	struct updates updates = { 0 };
	bool unattended = false;
	struct stat lists;
	int status = host_probe_run(would, APT_MS, update_line, &updates);
	bool apt = status != HOST_PROBE_FAILED;

	if (status == 0) {
		host_facts_put(facts, "updates.security", "%u", updates.security);
		host_facts_put(facts, "updates.all", "%u", updates.all);
	} else {
		host_facts_put(facts, "updates.unknown", "%s",
		               !apt                        ? "this system has no apt"
		               : status == HOST_PROBE_LATE ? "apt took too long"
		                                           : "apt failed; apt-get -s dist-upgrade says why");
	}
	if (!apt)
		return;
	if (stat("/var/lib/apt/lists", &lists) == 0)
		host_facts_put(facts, "updates.lists_at", "%lld", (long long)lists.st_mtime);
	if (host_probe_run(config, SMART_MS, unattended_line, &unattended) == 0)
		host_facts_put(facts, "updates.unattended",
		               unattended && access("/usr/bin/unattended-upgrade", X_OK) == 0 ? "yes" : "no");
	host_facts_put(facts, "reboot",
	               access("/run/reboot-required", F_OK) == 0 || access("/var/run/reboot-required", F_OK) == 0
	                       ? "yes"
	                       : "no");
}

static void room_facts(const char *root, struct host_facts *facts)
{
	struct statvfs room;

	if (statvfs(root, &room) != 0 || room.f_blocks == 0)
		return;
	host_facts_put(facts, "disk.free", "%llu", (unsigned long long)room.f_bavail * room.f_frsize);
	host_facts_put(facts, "disk.total", "%llu", (unsigned long long)room.f_blocks * room.f_frsize);
}

static void smart_line(void *context, const char *text)
{
	/* ATA and NVMe say PASSED or FAILED!, SCSI OK. */
	if (strstr(text, "overall-health") != NULL || strncmp(text, "SMART Health Status:", 20) == 0)
		(void)snprintf(context, HOST_FACTS_VALUE_SIZE, "%s",
		               strstr(text, "PASSED") != NULL || strstr(text, "OK") != NULL ? "ok" : "failing");
}

/* 0: it was asked, or there is none; -1: it took too long. */
static int smart_fact(const char *disk, struct host_facts *facts)
{
	char device[300];
	char name[HOST_FACTS_NAME_SIZE];
	char value[HOST_FACTS_VALUE_SIZE] = "";
	const char *const smart[] = { "smartctl", "-H", device, NULL };
	int status;

	(void)snprintf(device, sizeof(device), "/dev/%s", disk);
	(void)snprintf(name, sizeof(name), "disk.health.%.30s", disk);
	status = host_probe_run(smart, SMART_MS, smart_line, value);
	if (value[0] == '\0')
		(void)snprintf(value, sizeof(value), "unknown: %s",
		               status == HOST_PROBE_FAILED ? "no smartctl (package smartmontools)"
		               : status == HOST_PROBE_LATE ? "smartctl took too long"
		               : geteuid() != 0            ? "smartctl wants root"
		                                           : "this disk tells nothing");
	host_facts_put(facts, name, "%s", value);
	return status == HOST_PROBE_LATE ? -1 : 0;
}

static void raid_fact(const char *disk, struct host_facts *facts)
{
	char path[320];
	char name[HOST_FACTS_NAME_SIZE];
	char value[16];

	(void)snprintf(path, sizeof(path), "/sys/block/%s/md/degraded", disk);
	if (read_text(path, value, sizeof(value)) == 0)
		return;
	(void)snprintf(name, sizeof(name), "disk.raid.%.30s", disk);
	host_facts_put(facts, name, strtol(value, NULL, 10) > 0 ? "degraded" : "ok");
}

static void disk_facts(struct host_facts *facts)
{
	DIR *folder = opendir("/sys/block");
	const struct dirent *entry;
	unsigned late = 0;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the folder is this function's */
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (strncmp(entry->d_name, "md", 2) == 0)
			raid_fact(entry->d_name, facts);
		else if ((strncmp(entry->d_name, "sd", 2) == 0 || strncmp(entry->d_name, "nvme", 4) == 0) &&
		         late < SMARTS_MAX)
			late += smart_fact(entry->d_name, facts) != 0;
	}
	if (folder != NULL)
		(void)closedir(folder);
}

static void sandbox_facts(struct host_facts *facts)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH };
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof(how));

	if (fd >= 0)
		(void)close(fd);
	host_facts_put(facts, "sandbox.landlock", "%ld", version > 0 ? version : 0);
	/* A filter that is no address is asked for: EFAULT says that there are filters. */
	host_facts_put(facts, "sandbox.seccomp",
	               prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != 0 && errno == EFAULT ? "yes" : "no");
	host_facts_put(facts, "sandbox.openat2", fd >= 0 || errno != ENOSYS ? "yes" : "no");
}

static void clock_facts(struct host_facts *facts)
{
	struct timex kernel = { .modes = 0 };
	int state = adjtimex(&kernel);

	if (state >= 0)
		host_facts_put(facts, "clock.synchronized",
		               state != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0 ? "yes" : "no");
}

void host_facts_collect(const char *root, struct host_facts *facts)
{
	system_facts(facts);
	room_facts(root, facts);
	sandbox_facts(facts);
	disk_facts(facts);
	update_facts(facts);
	clock_facts(facts);
}

void host_facts_clock(struct host_facts *facts)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	host_facts_put(facts, "clock.us", "%lld", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}
