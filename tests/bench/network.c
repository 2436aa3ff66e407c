/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: the network, to the other guest, or natively to a child of ours. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "bench.h"

#define PORT	7		/* of TCP, and of UDP */
#define PEER	"10.77.1.2"	/* what the LAN gives the second guest */
#define SMALL	64		/* bytes in a datagram */
#define BURST	32		/* datagrams that nobody answers; then one */

struct order {			/* what the other end is to do, n times */
	enum { ECHO_BYTE, SINK_1M, SAY_4K, ECHO_DATAGRAM, SINK_DATAGRAMS } what;
	int n;
};

static int datagrams;		/* the other end's socket */

static bool read_all(int fd, void *to, size_t bytes)
{
	return recv(fd, to, bytes, MSG_WAITALL) == (ssize_t)bytes;
}

static bool write_all(int fd, const void *from, size_t bytes)
{
	return send(fd, from, bytes, MSG_NOSIGNAL) == (ssize_t)bytes;
}

static void no_delay(int fd)
{
	CHECK(!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)));
}

static void sink(int fd, int n)
{
	for (u64 left = (u64)n * MIB; left; ) {
		ssize_t got = read(fd, buffer[1], sizeof(buffer[1]));

		CHECK(got > 0);
		left -= got;
	}
}

/* Each is answered, or one of so many. */
static void answer(int n, int every)
{
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	char data[SMALL];

	for (int i = 1; i <= n; i++) {
		CHECK(recvfrom(datagrams, data, SMALL, 0, (struct sockaddr *)&from, &length) == SMALL);
		if (i % every == 0)
			CHECK(sendto(datagrams, data, SMALL, 0, (struct sockaddr *)&from, length) == SMALL);
	}
}

/* Whatever was ordered ends with a byte that says so. */
static void obey(int fd, const struct order *o)
{
	char c = 0;

	switch (o->what) {
	case ECHO_BYTE:
		for (int i = 0; i < o->n; i++)
			CHECK(read_all(fd, &c, 1) && write_all(fd, &c, 1));
		break;
	case SINK_1M:
		sink(fd, o->n);
		break;
	case SAY_4K:
		say_4k(o->n);
		break;
	case ECHO_DATAGRAM:
		answer(o->n, 1);
		break;
	case SINK_DATAGRAMS:
		answer(o->n, BURST);
	}
	CHECK(write_all(fd, &c, 1));
}

static int listener(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)));
	CHECK(!bind(fd, (struct sockaddr *)&any, sizeof(any)) && !listen(fd, 1));
	datagrams = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK(!bind(datagrams, (struct sockaddr *)&any, sizeof(any)));
	return fd;
}

/* One client after the other, for ever. */
static void __attribute__((noreturn)) serve_on(int listening)
{
	for (;;) {
		struct order o;
		int fd = accept(listening, NULL, NULL);

		CHECK(fd >= 0);
		no_delay(fd);
		while (read_all(fd, &o, sizeof(o)))
			obey(fd, &o);
		close(fd);
	}
}

void serve(void)
{
	serve_on(listener());
}

static void start_server(void)
{
	int fd = listener();

	if (!start_child()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve_on(fd);
	}
	close(fd);
	close(datagrams);
}

/* The connection to the other end, which may still be booting, or we may not have an address yet. */
static int peer(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	static int fd;

	if (fd)
		return fd;
	if (!in_guest())
		start_server();
	a.sin_addr.s_addr = inet_addr(in_guest() ? PEER : "127.0.0.1");
	for (int tries = 0; ; tries++) {
		CHECK((fd = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
		if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
			break;
		if (tries == 200)
			die("no answer from %s", inet_ntoa(a.sin_addr));
		close(fd);
		usleep(50000);
	}
	no_delay(fd);
	return fd;
}

/* For datagrams to the other end; one that is lost is an error, not silence. */
static int datagrams_to_peer(void)
{
	struct sockaddr_in a;
	socklen_t length = sizeof(a);
	static int fd;

	if (fd)
		return fd;
	CHECK(!getpeername(peer(), (struct sockaddr *)&a, &length));
	CHECK((fd = socket(AF_INET, SOCK_DGRAM, 0)) >= 0);
	CHECK(!connect(fd, (struct sockaddr *)&a, length));
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 10, 0 }, sizeof(struct timeval)));
	return fd;
}

static int order(int what, int n)
{
	struct order o = { what, n };
	int fd = peer();

	begin();
	CHECK(write_all(fd, &o, sizeof(o)));
	return fd;
}

static void obeyed(int fd)
{
	char c;

	CHECK(read_all(fd, &c, 1));
}

/* A byte there and back. */
static void tcp_trip(int n)
{
	int fd = order(ECHO_BYTE, n);
	char c = 0;

	while (n--)
		CHECK(write_all(fd, &c, 1) && read_all(fd, &c, 1));
	obeyed(fd);
}

static void tcp_1m(int n)
{
	int fd = order(SINK_1M, n);

	while (n--)
		CHECK(write_all(fd, buffer[0], MIB));
	obeyed(fd);
}

static void send_small(int fd)
{
	CHECK(send(fd, buffer[0], SMALL, 0) == SMALL);
}

static void receive_small(int fd)
{
	CHECK(recv(fd, buffer[1], SMALL, 0) == SMALL);
}

static void udp_trip(int n)
{
	int to = datagrams_to_peer(), fd = order(ECHO_DATAGRAM, n);

	while (n--) {
		send_small(to);
		receive_small(to);
	}
	obeyed(fd);
}

static void udp_burst(int n)
{
	int to = datagrams_to_peer(), fd = order(SINK_DATAGRAMS, n);

	for (int i = 1; i <= n; i++) {
		send_small(to);
		if (i % BURST == 0)
			receive_small(to);
	}
	obeyed(fd);
}

/* The other guest's console, which nobody looks at. */
static void say_unseen(int n)
{
	obeyed(order(SAY_4K, n));
}

const struct row network[] = {
	{ "tcp-trip",		tcp_trip,	500,	0, 0 },
	{ "tcp-1m",		tcp_1m,		8,	0, MIB },
	{ "udp-trip",		udp_trip,	500,	0, 0 },
	{ "udp-64",		udp_burst,	100 * BURST, 0, SMALL },
	{ "console-unseen-4k",	say_unseen,	32,	0, PAGE },
	{ 0 },
};
