#include "cli/doctor_judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/bytes.h"
#include "lib/duration.h"

#define DAY_S INT64_C(86400)
#define NUMBER_MOST (INT64_C(1) << 60)
#define LISTS_OLD_S (7 * DAY_S)
#define END_NEAR_DAYS 90
#define CLOCK_WARNING_MS 120000 /* floors of a receiver count days */
#define CLOCK_CRITICAL_MS 3600000
#define ROOM_WARNING 5 /* percent */
#define ROOM_CRITICAL 1

void doctor_judge_add(struct doctor_findings *findings, enum health health, const char *what, const char *remedy,
                      const char *format, ...)
{
	struct doctor_finding *at = findings->list + findings->n;
	va_list words;

	if (findings->n == DOCTOR_JUDGE_MAX)
		return;
	while (at > findings->list && at[-1].health < health) {
		*at = at[-1];
		at--;
	}
	at->health = health;
	at->what = what;
	at->remedy = remedy;
	va_start(words, format);
	(void)vsnprintf(at->text, sizeof(at->text), format, words);
	va_end(words);
	findings->n++;
	if (health > findings->worst)
		findings->worst = health;
}

static bool has(const struct host_facts *facts, const char *name)
{
	return *host_facts_get(facts, name) != '\0';
}

static bool is(const struct host_facts *facts, const char *name, const char *value)
{
	return strcmp(host_facts_get(facts, name), value) == 0;
}

static int64_t number(const struct host_facts *facts, const char *name)
{
	int64_t value = strtoll(host_facts_get(facts, name), NULL, 10);

	/* A far end may say anything. */
	return value > NUMBER_MOST ? NUMBER_MOST : value < -NUMBER_MOST ? -NUMBER_MOST : value;
}

static void judge_updates(const struct host_facts *facts, int64_t now_s, struct doctor_findings *findings)
{
	int64_t pending = number(facts, "updates.security");
	int64_t at = number(facts, "updates.lists_at");
	char age[DURATION_TEXT_SIZE];

	if (pending > 0)
		doctor_judge_add(findings, HEALTH_WARNING, "updates",
		                 is(facts, "updates.unattended", "yes")
		                         ? "unattended-upgrades installs them by itself; if they stay: apt upgrade"
		                         : "apt upgrade; unattended-upgrades installs them by itself",
		                 "%lld security update%s pending", (long long)pending, pending == 1 ? " is" : "s are");
	if (at > 0 && now_s - at > LISTS_OLD_S)
		doctor_judge_add(findings, HEALTH_WARNING, "updates", "apt update",
		                 "apt's lists are %s old: what is pending is not known",
		                 duration_text((uint64_t)(now_s - at) * 1000, age, sizeof(age)));
	if (has(facts, "updates.unknown"))
		doctor_judge_add(findings, HEALTH_OK, "updates", "look by the system's own means",
		                 "pending updates are not known: %s", host_facts_get(facts, "updates.unknown"));
	if (is(facts, "reboot", "yes"))
		doctor_judge_add(findings, HEALTH_WARNING, "reboot", "restart it; a run goes on where it was",
		                 "an update waits for a restart");
}

int64_t doctor_judge_days(const char *date, int64_t now_s)
{
	struct tm day = { 0 };
	const char *end = strptime(date, "%Y-%m-%d", &day);

	if (end == NULL || *end != '\0')
		return INT64_MIN;
	return (timegm(&day) - now_s + DAY_S) / DAY_S - (timegm(&day) + DAY_S <= now_s);
}

static void judge_support(const struct host_facts *facts, int64_t now_s, struct doctor_findings *findings)
{
	const char *date = host_facts_get(facts, "os.support_end");
	int64_t days = doctor_judge_days(date, now_s);

	if (days == INT64_MIN) {
		if (has(facts, "os"))
			doctor_judge_add(findings, HEALTH_OK, "support", "look at its maker's pages",
			                 "until when %s gets security updates is not known",
			                 host_facts_get(facts, "os"));
	} else if (days < 0) {
		doctor_judge_add(findings, HEALTH_CRITICAL, "support", "upgrade to a newer release",
		                 "%s has had no security updates since %s", host_facts_get(facts, "os"), date);
	} else if (days < END_NEAR_DAYS) {
		doctor_judge_add(findings, HEALTH_WARNING, "support", "plan the upgrade to a newer release",
		                 "%s gets security updates until %s", host_facts_get(facts, "os"), date);
	}
}

static void judge_clock(const struct host_facts *facts, struct doctor_findings *findings)
{
	int64_t off_ms = llabs(number(facts, "clock.off_ms"));
	char off[DURATION_TEXT_SIZE];

	if (off_ms >= CLOCK_WARNING_MS)
		doctor_judge_add(findings, off_ms >= CLOCK_CRITICAL_MS ? HEALTH_CRITICAL : HEALTH_WARNING, "clock",
		                 "set the one that is wrong (timedatectl, date), and keep it right by NTP",
		                 "its clock is %s %s this machine's", duration_text((uint64_t)off_ms, off, sizeof(off)),
		                 number(facts, "clock.off_ms") < 0 ? "behind" : "ahead of");
	if (is(facts, "clock.synchronized", "no"))
		doctor_judge_add(findings, HEALTH_WARNING, "clock", "apt install systemd-timesyncd, or chrony",
		                 "nothing keeps its clock right");
}

static void judge_disks(const struct host_facts *facts, struct doctor_findings *findings)
{
	uint64_t room = strtoull(host_facts_get(facts, "disk.free"), NULL, 10);
	uint64_t total = strtoull(host_facts_get(facts, "disk.total"), NULL, 10);
	char text[BYTES_TEXT_SIZE];

	if (total != 0 && room < total / 100 * ROOM_WARNING)
		doctor_judge_add(findings, room < total / 100 * ROOM_CRITICAL ? HEALTH_CRITICAL : HEALTH_WARNING,
		                 "room", "make room, or keep fewer generations (prune)", "only %s are free",
		                 bytes_text(room, text, sizeof(text)));
	for (size_t i = 0; i < facts->n; i++) {
		const char *name = facts->list[i].name;
		const char *value = facts->list[i].value;

		if (strncmp(name, "disk.health.", 12) == 0 && strcmp(value, "failing") == 0)
			doctor_judge_add(findings, HEALTH_CRITICAL, "disk", "replace it now",
			                 "disk %s says that it is failing", name + 12);
		else if (strncmp(name, "disk.health.", 12) == 0 && strncmp(value, "unknown", 7) == 0)
			doctor_judge_add(findings, HEALTH_OK, "disk", "smartctl -H, as root, now and then",
			                 "the health of disk %s is not known%s", name + 12, value + 7);
		else if (strncmp(name, "disk.raid.", 10) == 0 && strcmp(value, "degraded") == 0)
			doctor_judge_add(findings, HEALTH_CRITICAL, "disk", "replace the disk that failed",
			                 "array %s is degraded", name + 10);
	}
}

/* key.NAME: "256 ED25519", "2048 RSA". */
static void judge_keys(const struct host_facts *facts, struct doctor_findings *findings)
{
	for (size_t i = 0; i < facts->n; i++) {
		const char *value = facts->list[i].value;

		if (strncmp(facts->list[i].name, "key.", 4) != 0)
			continue;
		if (strstr(value, " DSA") != NULL || (strstr(value, " RSA") != NULL && strtol(value, NULL, 10) < 3072))
			doctor_judge_add(findings, HEALTH_WARNING, "key",
			                 "make a new one: ssh-keygen -t ed25519, and its line at the vault",
			                 "the %s is weak: %s", facts->list[i].name + 4, value);
	}
}

static void judge_sandbox(const struct host_facts *facts, struct doctor_findings *findings)
{
	bool receiver = has(facts, "confined.landlock");

	if (is(facts, receiver ? "confined.landlock" : "sandbox.landlock", "0"))
		doctor_judge_add(
		        findings, HEALTH_OK, "sandbox", "Linux 5.19 or newer has it",
		        "no Landlock: a receiver is confined to the vault's folder by its user's rights alone");
	if (is(facts, receiver ? "confined.seccomp" : "sandbox.seccomp", "no"))
		doctor_judge_add(findings, HEALTH_OK, "sandbox", "",
		                 "no filter of system calls: a receiver is confined by less");
	if (is(facts, "sandbox.openat2", "no"))
		doctor_judge_add(findings, HEALTH_OK, "sandbox", "Linux 5.6 or newer has it",
		                 "no openat2: paths are walked folder by folder");
}

void doctor_judge(const struct host_facts *facts, int64_t now_s, struct doctor_findings *findings)
{
	*findings = (struct doctor_findings){ .worst = HEALTH_OK };
	judge_disks(facts, findings);
	judge_support(facts, now_s, findings);
	judge_updates(facts, now_s, findings);
	judge_clock(facts, findings);
	judge_keys(facts, findings);
	judge_sandbox(facts, findings);
}
