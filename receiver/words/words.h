/* words: all that the vault's pages say to people, in one language. Each has a file of its own, words_<code>.c, and a line in lib/languages.def.
 *
 * `code` is shown as code. {0}, {1} and {2} stand for what the comment names. A sentence has no other markup: it goes into HTML and plain text alike. Lists end
 * with a NULL. Every field is filled; tests/unit/receiver/test_words.c holds the tables against each other.
 *
 * threads: any; nothing changes. */
#ifndef AOB_WORDS_H
#define AOB_WORDS_H

#define WORDS_STEPS 9 /* the most that a list holds, and its end */

struct words {
	const char *language; /* BCP 47, for `lang` */
	/* numbers and times */
	const char *decimal, *thousands;
	const char *months[12];
	const char *weekdays[7];   /* in full, Monday first … */
	const char *weekday_is[7]; /* … and in two letters */
	const char *date;          /* {0} day, {1} month, {2} year */
	const char *date_time;     /* {0} date, {1} as 05:36 */
	/* the page's head */
	const char *title, *skip;
	const char *title_of;     /* {0} the pipeline */
	const char *what;         /* this is, and how to handle it */
	const char *all_of_it;    /* a link to the page above */
	const char *on_this_page; /* the name of the navigation */
	/* whose */
	const char *whose;
	const char *machine, *source, *pipeline;
	const char *macs;           /* those that back up to it */
	const char *mac_completed;  /* {0} date and time */
	const char *mac_none;       /* … or no completed backup */
	const char *mac_unfinished; /* behind those: */
	const char *mac_writing;
	const char *mac_failed;
	const char *more; /* {0} how many are not shown */
	/* the newest */
	const char *newest, *newest_is; /* {0} date and time, {1} files, {2} size */
	const char *open_newest;
	const char *in_it;
	const char *look_first, *look_first_why; /* {0} the folder; in between stands what the machine says */
	const char *none_yet;
	/* dates */
	const char *dates, *which_date;
	const char *which_folder; /* the same, where there is no calendar */
	const char *several;      /* {0} a day on which there are more than one, whose times follow */
	const char *older;        /* {0} how many */
	const char *last_ones;
	const char *folder, *as_it_was_on, *files, *size, *state;
	const char *clean, *quiet, *incomplete, *in_flight;
	const char *shared, *utc;
	/* how to take files out */
	const char *take_out;
	const char *windows[WORDS_STEPS], *mac[WORDS_STEPS], *linux_[WORDS_STEPS];
	const char *disk; /* taken out of a NAS, on Windows and Mac */
	const char *photos;
	/* a bundle back to a Mac */
	const char *bundle, *bundle_is; /* {0} its name */
	const char *bundle_more;        /* behind more than one name */
	const char *by_disk, *by_disk_steps[WORDS_STEPS];
	const char *by_network, *by_network_steps[WORDS_STEPS];
	const char *migration, *migration_steps[WORDS_STEPS];
	const char *bundle_elsewhere;
	/* whom to call */
	const char *call, *call_them; /* {0} who */
	const char *phone, *mail;
	const char *call_nobody;       /* {0} the machine */
	const char *call_nobody_known; /* … and that is not known, either */
	/* the foot */
	const char *undamaged, *check, *fake_super;
	const char *written; /* {0} date and time */
	/* the page above */
	const char *all, *all_are;
	const char *all_newest; /* {0} date and time, {1} files, {2} size */
	const char *all_dates;  /* {0} how many */
};

/* words_of: of a language by its code; those of the first in lib/languages.def for one that is not there. Never NULL; static. */
const struct words *words_of(const char *code);

#define LANGUAGE(code) extern const struct words words_##code;
#include "lib/languages.def"
#undef LANGUAGE

#endif
