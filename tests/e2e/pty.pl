#!/usr/bin/perl
# Runs a program on a pseudo terminal of its own, as a person's terminal would:
#
#   pty.pl ROWS COLUMNS DESCRIPTORS PROGRAM ARGUMENT ...
#
# What comes on standard input is typed, what the program shows goes to
# standard output.  DESCRIPTORS are those that the caller gives, such as 3 or
# 34: 3 takes lines, "size ROWS COLUMNS" and "signal NAME" (to the program); 4
# and 5 are the program's standard output and standard error instead of the
# terminal.  It ends as the program does, with 128 and the signal's number
# after a signal.
use strict;
use warnings;
use POSIX qw(:sys_wait_h setsid dup2 _exit);

# Linux, on x86-64 and arm64 alike.
my ($TIOCSPTLCK, $TIOCGPTN, $TIOCSWINSZ, $TIOCSCTTY) = (0x40045431, 0x80045430, 0x5414, 0x540E);
my ($rows, $columns, $given, @program) = @ARGV;
my %given = map { $_ => 1 } split //, $given;
my $control;
open($control, q(<&=), 3) or die "3: $!" if $given{3};
open(my $master, '+<', '/dev/ptmx') or die "/dev/ptmx: $!";
my $number = pack('i', 0);
ioctl($master, $TIOCSPTLCK, $number) or die "unlock: $!";
ioctl($master, $TIOCGPTN, $number) or die "number: $!";
my $name = '/dev/pts/' . unpack('i', $number);
sub size {
	my $size = pack('S4', $_[0], $_[1], 0, 0);
	ioctl($master, $TIOCSWINSZ, $size) or die "size: $!";
}
size($rows, $columns);

my $pid = fork() // die "fork: $!";
if ($pid == 0) {
	setsid();
	open(my $slave, '+<', $name) or die "$name: $!";
	ioctl($slave, $TIOCSCTTY, 0) or die "controlling terminal: $!";
	dup2(fileno($slave), 0);
	dup2($given{4} ? 4 : fileno($slave), 1);
	dup2($given{5} ? 5 : fileno($slave), 2);
	POSIX::close($_) for 3 .. 20;
	exec { $program[0] } @program or _exit(127);
}
for (4, 5) { POSIX::close($_) if $given{$_} }
binmode(STDIN);
my ($typed, $commands) = ('', '');
my %in = (0 => 1, fileno($master) => 1);
$in{3} = 1 if $given{3};
while (1) {
	my ($r, $w) = ('', '');
	vec($r, $_, 1) = 1 for keys %in;
	vec($w, fileno($master), 1) = 1 if $typed ne '';
	my $n = select($r, $w, undef, undef);
	next if $n < 0;
	if (vec($w, fileno($master), 1)) {
		my $done = syswrite($master, $typed, 1024);
		substr($typed, 0, $done) = '' if defined $done;
	}
	if (vec($r, fileno($master), 1)) {
		my $got = sysread($master, my $bytes, 65536);
		last unless $got; # all that had it open are gone
		my $at = 0;
		while ($at < $got) {
			my $done = syswrite(STDOUT, $bytes, $got - $at, $at) or last;
			$at += $done;
		}
	}
	if ($in{0} && vec($r, 0, 1)) {
		my $got = sysread(STDIN, my $bytes, 65536);
		if ($got) { $typed .= $bytes } else { delete $in{0} }
	}
	if ($given{3} && $in{3} && vec($r, 3, 1)) {
		my $got = sysread($control, my $bytes, 4096);
		if ($got) { $commands .= $bytes } else { delete $in{3} }
		while ($commands =~ s/^(.*)\n//) {
			my ($what, @how) = split ' ', $1;
			size(@how) if $what eq 'size';
			kill($how[0], $pid) if $what eq 'signal';
		}
	}
}
waitpid($pid, 0);
exit(WIFSIGNALED($?) ? 128 + WTERMSIG($?) : WEXITSTATUS($?));
