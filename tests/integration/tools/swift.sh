# swift.sh: an S3-compatible store on this machine: OpenStack Swift with s3api, a device on XFS below $WORK. Sourced by tests that source lab.sh; of their mount namespace.
# shellcheck shell=bash disable=SC2034
S3=http://127.0.0.1:8080 S3_KEY=test:tester S3_SECRET=testing

swift_server() { # WHAT: account, container, object
	local port=$((6200 + ${#1}))
	printf '[DEFAULT]\nuser = root\nbind_ip = 127.0.0.1\nbind_port = %s\nworkers = 0\ndevices = %s\nmount_check = false\n[pipeline:main]\npipeline = %s-server\n[app:%s-server]\nuse = egg:swift#%s\n' \
		"$port" "$WORK/swift" "$1" "$1" "$1" >"/etc/swift/$1-server.conf"
}
swift_start() {
	local server
	for server in account container object proxy; do
		"swift-$server-server" "/etc/swift/$server-server.conf" >>"$WORK/log/swift.log" 2>&1 &
	done
	wait_for 90 "the S3-compatible store answers" curl -sf "$S3/info"
}
swift_store() { # [SIZE]
	local server filter
	make_fs "$WORK/swift.img" "${1:-500M}" xfs "$WORK/swift"
	mkdir "$WORK/swift/disk"
	mount -t tmpfs tmpfs /etc/swift
	printf '[swift-hash]\nswift_hash_path_suffix = of-a-test\n' >/etc/swift/swift.conf
	for server in account container object; do swift_server "$server"; done
	(
		cd /etc/swift || exit
		/usr/bin/python3 - <<-END
			from swift.common.ring.builder import RingBuilder
			for what in ("account", "container", "object"):
			    ring = RingBuilder(2, 1, 1)
			    ring.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": 6200 + len(what), "device": "disk", "weight": 1})
			    ring.rebalance()
			    ring.get_ring().save(what + ".ring.gz")
		END
	)
	cat >/etc/swift/proxy-server.conf <<-END
		[DEFAULT]
		user = root
		bind_ip = 127.0.0.1
		bind_port = 8080
		workers = 0
		[pipeline:main]
		pipeline = catch_errors cache listing_formats s3api tempauth copy slo proxy-server
		[app:proxy-server]
		use = egg:swift#proxy
		account_autocreate = true
		[filter:tempauth]
		use = egg:swift#tempauth
		user_test_tester = testing .admin
	END
	for filter in s3api catch_errors cache:memcache listing_formats copy slo; do
		printf '[filter:%s]\nuse = egg:swift#%s\n' "${filter%:*}" "${filter#*:}"
	done >>/etc/swift/proxy-server.conf
	swift_start
}
