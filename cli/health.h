/* health: how safe everything is, for monitoring systems: one line, performance data, exit status.
 * source: monitoring-plugins.org/doc/guidelines.html */
#ifndef AOB_CLI_HEALTH_H
#define AOB_CLI_HEALTH_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

enum health { HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL, HEALTH_UNKNOWN }; /* the exit statuses */

/* health_report: what the broker's status says.
 * in:      pipeline: only this one; NULL: all. max_age_s: what counts as too old, whatever the configuration says; 0: nothing but that.
 *          as_json: an object instead of the plugin's lines */
enum health health_report(const json_t *status, const char *pipeline, int64_t max_age_s, int as_json, FILE *out);

#endif
