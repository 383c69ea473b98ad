/* Taking hold of a source: that it is the right one. */
#include "source_lab.h"

static struct source_report rest(void)
{
	struct source_report report = lab_wait(1300);

	assert_int_equal(report.verdict.trigger, IDLE_TRIGGER_REST);
	lab_published(&report, false);
	return report;
}

/* btrfs beside btrfs: a disk that is taken away leaves its mount point behind, on the system's own. */
static void an_empty_mount_point_is_not_the_source(void **state)
{
	struct source_report report;

	(void)state;
	lab_need();
	lab_does("truncate -s 256M other && mkfs.btrfs -q other && mount -o loop other m/src && echo 1 >m/src/file");
	(void)rest();
	lab_does("umount m/src");
	report = lab_look();
	assert_int_equal(report.verdict.state, IDLE_UNKNOWN);
	assert_non_null(strstr(report.verdict.reason, "another file system lies at"));
	assert_non_null(strstr(report.verdict.reason, "by hand"));
	/* Come late, it is taken up; so is another one as soon as somebody has run the pipeline by hand. */
	lab_does("mount -o loop other m/src");
	assert_int_equal(lab_look().verdict.state, IDLE_UNCHANGED);
	lab_does("umount m/src && rm other");
	assert_int_equal(lab_look().verdict.state, IDLE_UNKNOWN);
	lab_order.last_source_uuid[0] = '\0';
	lab_order.last_ctransid = 0;
	lab_tell();
	assert_int_equal(lab_look().verdict.state, IDLE_ACTIVE);
}

static void a_subvolume_that_was_rolled_back_is_taken_up(void **state)
{
	struct source_report report;

	(void)state;
	lab_need();
	lab_does("echo 1 >m/src/file");
	(void)rest();
	lab_does("btrfs subvolume snapshot -r m/src m/anchor");
	lab_does("btrfs subvolume delete m/src && btrfs subvolume snapshot m/anchor m/src");
	/* Its folder has the old one's numbers, device and inode, and is noticed all the same. */
	/* Which snapshot the last generation was made of, nobody has said. */
	assert_int_equal(lab_look().verdict.state, IDLE_UNKNOWN);
	lab_does("btrfs subvolume show m/anchor | sed -n 's/^[[:space:]]*UUID:[[:space:]]*//p' | tr -d '\\n' >uuid");
	{
		char path[100];
		FILE *file;

		(void)snprintf(path, sizeof(path), "%s/uuid", lab_folder);
		file = fopen(path, "re");
		assert_non_null(file);
		assert_non_null(fgets(lab_order.last_snapshot_uuid, sizeof(lab_order.last_snapshot_uuid), file));
		assert_int_equal(fclose(file), 0);
	}
	lab_tell();
	report = lab_look();
	assert_int_equal(report.verdict.state, IDLE_ACTIVE);
	lab_does("btrfs subvolume delete m/anchor && rm uuid");
}

/* XFS makes statfs's number of the device's, which may be another one after a reboot. */
static void an_xfs_on_another_device_is_the_same(void **state)
{
	char was[SUBVOLUME_UUID_SIZE];
	struct source_report report;

	(void)state;
	lab_need();
	if (system("command -v mkfs.xfs >/dev/null") != 0)
		skip();
	lab_order.snapshots = false;
	lab_tell();
	lab_does("truncate -s 400M xfs && mkfs.xfs -q xfs && mount -o loop xfs m/src && echo 1 >m/src/file");
	report = rest();
	memcpy(was, report.uuid, sizeof(was));
	lab_does("umount m/src && cp xfs xfs2 && losetup -f xfs && mount -o loop xfs2 m/src && losetup -d $(losetup -j "
	         "xfs -O NAME -n)");
	report = lab_wait(3);
	assert_string_equal(report.uuid, was);
	assert_int_not_equal(report.verdict.state, IDLE_UNKNOWN);
	lab_does("umount m/src && rm xfs xfs2 && truncate -s 400M xfs && mkfs.xfs -q xfs && mount -o loop xfs m/src");
	assert_int_equal(lab_look().verdict.state, IDLE_UNKNOWN);
	lab_does("umount m/src && rm xfs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BTRFS(an_empty_mount_point_is_not_the_source),
		ON_BTRFS(a_subvolume_that_was_rolled_back_is_taken_up),
		ON_BTRFS(an_xfs_on_another_device_is_the_same),
	};

	return cmocka_run_group_tests(tests, lab_make, lab_remove);
}
