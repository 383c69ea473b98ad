/* doctor_judge: what of a machine's facts wants somebody's hand, and which. Pure. */
#ifndef AOB_DOCTOR_JUDGE_H
#define AOB_DOCTOR_JUDGE_H

#include <stddef.h>
#include <stdint.h>

#include "cli/health.h"
#include "lib/host_facts.h"

#define DOCTOR_JUDGE_MAX 32
#define DOCTOR_JUDGE_TEXT_SIZE 320

struct doctor_finding {
	enum health health; /* HEALTH_OK: only worth knowing */
	const char *what;   /* "updates", "reboot", …: static */
	char text[DOCTOR_JUDGE_TEXT_SIZE];
	const char *remedy; /* static; "": none */
};

struct doctor_findings {
	enum health worst;
	size_t n;
	struct doctor_finding list[DOCTOR_JUDGE_MAX];
};

/* doctor_judge: facts: docs/doctor.md; what is not among them is no finding. now_s: the date, for ends of support. out: findings, the gravest first */
void doctor_judge(const struct host_facts *facts, int64_t now_s, struct doctor_findings *findings);

/* doctor_judge_add: one more, behind those that are as grave. */
void doctor_judge_add(struct doctor_findings *findings, enum health health, const char *what, const char *remedy,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

/* doctor_judge_days: from now_s to that day, "YYYY-MM-DD", in days; 0: it is that day, less: it is over. INT64_MIN: it is no date. */
int64_t doctor_judge_days(const char *date, int64_t now_s);

#endif
