/* schema: broker/schema.sql as a string, inside the executable. */
#ifndef AOB_BROKER_SCHEMA_H
#define AOB_BROKER_SCHEMA_H

extern const char schema_sql[]; /* NUL-terminated */

#endif
