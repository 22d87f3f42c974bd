#!/usr/bin/perl
# Holds a listening unix socket and starts programs that inherit it as
# descriptor 3, so that what waits in it outlives any of them.  Commands come
# as lines on standard input, fields separated by tabs:
#
#   start NAME LOGFILE NAME=VALUE ... -- PROGRAM ARGUMENT ...
#
# and what happens goes to standard output: "started NAME PID",
# "ended NAME PID STATUS".  The end of the input ends all.
use strict;
use warnings;
use POSIX qw(:sys_wait_h dup2 _exit);
use Socket;

my ($path) = @ARGV;
$| = 1;
socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
bind($s, sockaddr_un($path)) or die "bind $path: $!";
chmod 0666, $path;
listen($s, 4096) or die "listen: $!";
my %name;
my $in = '';
local $SIG{CHLD} = sub { };
print "holding\n";

sub reap {
	while ((my $pid = waitpid(-1, WNOHANG)) > 0) {
		my $how = WIFSIGNALED($?) ? 'signal' . WTERMSIG($?) : WEXITSTATUS($?);
		print "ended $name{$pid} $pid $how\n";
		delete $name{$pid};
	}
}

sub start {
	my ($name, $log, @rest) = @_;
	my %env;
	while (@rest) {
		my $f = shift @rest;
		last if $f eq '--';
		my ($k, $v) = split /=/, $f, 2;
		$env{$k} = $v;
	}
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $log or _exit(126);
		open STDERR, '>>&', \*STDOUT;
		if (fileno($s) == 3) {
			use Fcntl;
			fcntl($s, F_SETFD, 0);
		} else {
			dup2(fileno($s), 3);
		}
		%ENV = %env;
		exec { $rest[0] } @rest or _exit(127);
	}
	$name{$pid} = $name;
	print "started $name $pid\n";
}

while (1) {
	reap();
	my $r = '';
	vec($r, 0, 1) = 1;
	next if select($r, undef, undef, 0.02) <= 0;
	my $n = sysread STDIN, $in, 65536, length $in;
	next unless defined $n;
	last if $n == 0;
	while ($in =~ s/^([^\n]*)\n//) {
		my ($verb, @f) = split /\t/, $1, -1;
		start(@f) if $verb eq 'start';
	}
}
kill 'KILL', keys %name;
