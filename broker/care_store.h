/* care_store: what the run store keeps of care. Another part of run_store.h, on the same struct; changes belong into a transaction as there. */
#ifndef AOB_BROKER_CARE_STORE_H
#define AOB_BROKER_CARE_STORE_H

#include <jansson.h>

#include "broker/run_store.h"

/* care_store_since: when that kind was done last, or since when it is known. Returns 1, 0 (it is not known), -1. */
int care_store_since(struct run_store *store, const char *pipeline, const char *kind, int64_t *since,
                     struct error *err);
/* care_store_result: *result: what came of it, a new reference; NULL: it was not done yet. Returns 1, 0, -1. */
int care_store_result(struct run_store *store, const char *pipeline, const char *kind, json_t **result,
                      struct error *err);
int care_store_keep(struct run_store *store, const char *pipeline, const char *kind, int64_t since,
                    const char *result_json, struct error *err);

struct care_failure {
	int64_t at; /* wall clock */
	struct error error;
};
/* care_store_failure: how the newest run of that kind that has ended failed, or was cancelled. Returns 1, 0 (it ended well, or there is none), -1. */
int care_store_failure(struct run_store *store, const char *pipeline, const char *kind, struct care_failure *failure,
                       struct error *err);

#endif
