/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flood CARD ADDRESS COUNT: sends so many Ethernet frames of 1400 bytes there as fast as it can; 0: without end. */
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <errno.h>

int main(int argc, char **argv)
{
	static unsigned char frame[1400];
	int s = socket(AF_PACKET, SOCK_RAW, 0);
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = argc > 3 ? if_nametoindex(argv[1]) : 0 };
	struct ifreq r = { 0 };
	long n = argc > 3 ? atol(argv[3]) : 0, i;

	if (argc != 4 || s < 0 || sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", frame, frame + 1, frame + 2, frame + 3,
					 frame + 4, frame + 5) != 6)
		return 2;
	strncpy(r.ifr_name, argv[1], IFNAMSIZ - 1);
	if (ioctl(s, SIOCGIFHWADDR, &r))
		return 1;
	memcpy(frame + 6, r.ifr_hwaddr.sa_data, 6);
	frame[12] = 0x88;		/* a protocol for experiments: nobody's business */
	frame[13] = 0xB5;
	for (i = 0; !n || i < n; i++)
		if (sendto(s, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != ENOBUFS)
			return 1;
	return 0;
}
