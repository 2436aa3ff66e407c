/* SPDX-License-Identifier: GPL-2.0-or-later */
/* COM2: whose it is, what finds no room in it, and a capture, read as the pcap file it is. */
#include "drivers/serial/uart.h"
#include "hv/dev/dev.h"
#include "hv/dev/lan.h"
#include "tests/unit/test.h"

struct uart com2;
static u8 wire[400000];
static u32 wired, room = 1u << 20;
static bool idle = true;
static const u8 *packet_bytes;

void uart_init(struct uart *u) { (void)u; }
void uart_start_irq(struct uart *u) { (void)u; }
void uart_poll(struct uart *u) { (void)u; }
u32 uart_tx_room(const struct uart *u) { return MIN(u->tx.size, room); }
bool uart_tx_idle(const struct uart *u) { (void)u; return idle; }
void uart_write(struct uart *u, const void *data, u32 len)
{
	CHECK(len <= uart_tx_room(u), "%u bytes for a room of %u", len, uart_tx_room(u));
	memcpy(wire + wired, data, len);
	wired += len;
}
u64 time_ns(void) { return 2500000123ull; }
u64 wall_at_boot(void) { return 1700000000000000000ull; }
u32 net_read(const struct net_packet *p, u32 offset, void *dst, u32 len)
{
	CHECK(offset + len <= p->len, "%u bytes at %u of %u", len, offset, p->len);
	memcpy(dst, packet_bytes + offset, len);
	return len;
}

static void ownership(void)
{
	CHECK_HAS(export_claim("a"), "no COM2");
	com2.present = true;
	CHECK_EQ(export_room(), 0);
	CHECK(!export_claim("disk alpha.vda"), "it is nobody's");
	CHECK_EQ(export_room(), 65536);
	CHECK_HAS(export_claim("b"), "in use: disk alpha.vda");
	export_release();
	CHECK_EQ(export_room(), 0);
	export_write("x", 1);
	CHECK_EQ(wired, 0);		/* who has given it up writes no more */
	/* What the last one wrote goes out first, and the ring's memory comes back then. */
	idle = false;
	room = 1000;
	export_work();
	CHECK(com2.tx.byte, "taken away under way");
	CHECK_HAS(export_claim("b"), "still on its way");
	idle = true;
	room = 1u << 20;
	export_work();
	CHECK(!com2.tx.byte && !com2.tx.size, "it stays");
	CHECK(!export_claim("c"), "free again");
	export_work();
	CHECK(com2.tx.byte, "taken away in use");
	room = 3;
	export_write("12345", 5);
	CHECK_EQ(wired, 3);
	room = 1u << 20;
	export_release();
	export_work();
}

static u32 word(u32 at)
{
	u32 v;

	memcpy(&v, wire + at, 4);
	return v;
}

static void captured(void)
{
	static u8 bytes[70000];
	struct work work = { 0 };
	struct virtio_dev sender = { .guest = { .work = &work } };
	struct net_packet p = { .len = 1000, .from = &sender };
	struct lan one = { .name = "lan1" }, two = { .name = "lan2" };
	u32 i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)(i * 7);
	packet_bytes = bytes;
	wired = 0;
	capture_packet(&one, &p);
	CHECK(!wired && !capture_now() && !capture_stop(), "nobody asked");
	CHECK(!capture_start(&one), "nothing is in the way");
	CHECK_HAS(capture_start(&two), "capture of lan1");
	CHECK(wired == 24 && word(0) == 0xA1B2C3D4 && word(16) == 65535 && word(20) == 1, "the file's header");
	capture_packet(&two, &p);
	CHECK_EQ(wired, 24);
	capture_packet(&one, &p);
	CHECK(wired == 24 + 16 + 1000 && word(32) == 1000 && word(36) == 1000, "%u bytes", wired);
	CHECK(word(24) == 1700000002 && word(28) == 500000, "at %u.%06u", word(24), word(28));
	CHECK(!memcmp(wire + 40, bytes, 1000), "other bytes");
	room = 1015;
	capture_packet(&one, &p);
	CHECK(wired == 1040 && capture_now()->packets == 1 && capture_now()->lost == 1, "a part of one");
	room = 1016;
	capture_packet(&one, &p);
	CHECK(wired == 2056 && capture_now()->packets == 2, "just room");
	room = 1u << 20;
	com2.tx.size = 200000;
	p.len = 70000;
	capture_packet(&one, &p);
	CHECK(word(2056 + 8) == 65535 && word(2056 + 12) == 70000 && wired == 2056 + 16 + 65535, "a long one");
	CHECK_EQ(work.done, 3 * 1000 + 1000 / 2 * 2 + 65535 / 2);	/* who sends pays for what is recorded */
	CHECK(capture_stop() && !capture_now(), "the end");
	capture_packet(&one, &p);
	CHECK_EQ(wired, 2056 + 16 + 65535);
	CHECK(!capture_start(&two), "another may");
	CHECK(!capture_now()->lost, "counted anew");
	capture_stop();
	export_work();
}

int main(void)
{
	CASE("whose it is");
	ownership();
	CASE("a capture");
	captured();
	return passed();
}
