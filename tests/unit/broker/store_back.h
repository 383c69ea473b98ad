/* store_back: statements that take from a store what its newest versions brought, so that it is as an older version left it. */
#ifndef AOB_TESTS_STORE_BACK_H
#define AOB_TESTS_STORE_BACK_H

#define STORE_BACK_TO_5                                                                                                \
	"DROP TABLE care; DROP TABLE roots; DROP INDEX runs_running; ALTER TABLE runs DROP COLUMN care;"               \
	"CREATE UNIQUE INDEX runs_running ON runs (pipeline) WHERE state = 'running';"                                 \
	"PRAGMA user_version = 5;"
#define STORE_BACK_TO_4 STORE_BACK_TO_5 "DROP TABLE seeds; PRAGMA user_version = 4;"
#define STORE_BACK_TO_3 STORE_BACK_TO_4 "DROP TABLE brakes; PRAGMA user_version = 3;"

#endif
