/* care_kind: one kind of care (care.h): what it is called, how often it is due, and what comes of it. A file each: care_verify.c, care_rehearse.c. */
#ifndef AOB_BROKER_CARE_KIND_H
#define AOB_BROKER_CARE_KIND_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/broker.h"
#include "lib/config.h"

#define CARE_VERIFY "verify"
#define CARE_REHEARSE "rehearse"

struct care_kind {
	const char *service; /* whose worker does it; so it is called in the store and in status too */
	bool at_once;        /* all of it each time that so long has gone by; else a share each night */
	uint64_t (*every_ms)(const struct config_pipeline *pipeline); /* 0: never */
	/* Is this of its form? To be asked before a change is begun. May be NULL: any object is. errors: ERR_PROTOCOL */
	int (*check)(const char *result_json, struct error *err);
	/* What a worker, or a person's command, says came of it: in a change. errors: ERR_PROTOCOL (no object), of the store */
	int (*take)(struct broker *broker, const char *pipeline, const char *result_json, struct error *err);
	/* What the next one is given, besides how often it is due, after what care_store keeps of the last one (NULL: nothing). May be NULL: nothing. errors: ERR_SYSTEM */
	int (*give)(const json_t *result, json_t *with, struct error *err);
	/* Did it go so that it should be done again in the next night? result: what care_store keeps of it; may be NULL: no */
	bool (*is_bad)(const json_t *result);
};

extern const struct care_kind care_verify_kind, care_rehearse_kind;

#endif
