#!/usr/bin/perl
#
# A server as one finds at a wrong address: serve.pl PORT KIND.  Perl's own
# modules alone, as a bare Debian has them.
use strict;
use warnings;
use IO::Socket::INET;

my ($port, $kind) = @ARGV;
my $error = sub { qq({"error":{"message":"$_[0]","type":"$_[1]","code":"$_[2]"}}) };
my %kinds = (
	# kind => [status, type, body]
	html => [200, 'text/html', '<!DOCTYPE html><html><body>It works!</body></html>'],
	notfound => [404, 'application/json', '{"detail":"Not Found"}'],
	v1 => [404, 'application/json', '{"detail":"Not Found"}'],
	key => [401, 'application/json', $error->('Incorrect API key provided: wrong', 'invalid_request_error', 'invalid_api_key')],
	model => [404, 'application/json', $error->('The model `missing` does not exist or you do not have access to it.', 'invalid_request_error', 'model_not_found')],
	quota => [429, 'application/json', $error->('You exceeded your current quota, please check your plan and billing details.', 'insufficient_quota', 'insufficient_quota')],
	one => [200, 'application/json', '{"choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}'],
	two => [200, 'application/json', '{"choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}'],
	ollama => [404, 'application/json', $error->("model 'missing' not found", 'api_error', '')],
);
my %lists = (
	model => '{"object":"list","data":[{"id":"present","object":"model"}]}',
	one => '{"object":"list","data":[{"id":"present","object":"model"},{"id":"text-embedding-x","object":"model"}]}',
	two => '{"object":"list","data":[{"id":"present","object":"model"},{"id":"other","object":"model"}]}',
	v1 => '{"object":"list","data":[{"id":"present","object":"model"}]}',
	quota => '{"object":"list","data":[{"id":"gpt-test","object":"model"}]}',
	ollama => '{"object":"list","data":[{"id":"present:latest","object":"model"}]}',
);
my $answer = $kinds{$kind} or die "kinds: @{[sort keys %kinds]}\n";
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port,
	Listen => 64, ReuseAddr => 1) or die "port $port: $!\n";
$| = 1;
$SIG{PIPE} = 'IGNORE';
print "ready\n";
while (my $c = $listen->accept) {
	my ($head, $length) = ('', 0);
	while (my $line = <$c>) {
		$head .= $line;
		$length = $1 if $line =~ /^content-length:\s*(\d+)/i;
		last if $line =~ /^\r?\n$/;
	}
	read($c, my $body, $length) if $length;
	my ($status, $type, $text) = @$answer;
	($status, $type, $text) = (200, 'application/json', $lists{$kind})
		if exists $lists{$kind} && $head =~ m{^GET /v1/models};
	($status, $type, $text) = (200, 'application/json', '{"models":[{"name":"present:latest"}]}')
		if $kind eq 'ollama' && $head =~ m{^GET /api/tags};
	print $c "HTTP/1.1 $status X\r\nContent-Type: $type\r\nContent-Length: @{[length $text]}\r\nConnection: close\r\n\r\n$text";
	close $c;
}
