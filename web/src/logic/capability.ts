/** Linux's capabilities in the order of their bits (capabilities(7)), without their prefix. */
const NAMES =
	"CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE".split(
		" ",
	);

/** The names of those in a mask; a bit that is newer than this page is told by its number. */
export function capabilitiesOf(mask: number): string[] {
	const bits = BigInt(mask);
	return Array.from({ length: 64 }, (_, bit) => bit).flatMap((bit) => ((bits >> BigInt(bit)) & 1n ? [NAMES[bit] ?? String(bit)] : []));
}

export const ALL_CAPABILITIES = NAMES.length;
