/* store_back: statements that take from a store what its newest versions brought, so that it is as an older version left it. */
#ifndef AOB_TESTS_STORE_BACK_H
#define AOB_TESTS_STORE_BACK_H

#define STORE_BACK_TO_6                                                                                                \
	"DELETE FROM care WHERE kind = 'rehearse'; ALTER TABLE care RENAME TO newer;"                                  \
	"CREATE TABLE care (pipeline TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('verify')),"                    \
	" since INTEGER NOT NULL, result TEXT NOT NULL, PRIMARY KEY (pipeline, kind)) STRICT, WITHOUT ROWID;"          \
	"INSERT INTO care SELECT * FROM newer; DROP TABLE newer; PRAGMA user_version = 6;"
#define STORE_BACK_TO_5                                                                                                \
	"DROP TABLE care; DROP TABLE roots; DROP INDEX runs_running; ALTER TABLE runs DROP COLUMN care;"               \
	"CREATE UNIQUE INDEX runs_running ON runs (pipeline) WHERE state = 'running';"                                 \
	"PRAGMA user_version = 5;"
#define STORE_BACK_TO_4 STORE_BACK_TO_5 "DROP TABLE seeds; PRAGMA user_version = 4;"
#define STORE_BACK_TO_3 STORE_BACK_TO_4 "DROP TABLE brakes; PRAGMA user_version = 3;"

#endif
