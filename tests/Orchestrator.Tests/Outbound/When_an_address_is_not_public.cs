using System.Net;
using Orchestrator.Sagas.Outbound;

namespace Orchestrator.Tests.Outbound;

public sealed class When_an_address_is_not_public
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.0.0.1")]
    [InlineData("10.255.255.255")]
    [InlineData("100.64.0.1")]
    [InlineData("100.100.100.200")]
    [InlineData("100.127.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.192")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.250")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::127.0.0.1")]
    [InlineData("64:ff9b::127.0.0.1")]
    [InlineData("64:ff9b::a00:1")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fdff:ffff::1")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    [InlineData("2001::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("4000::1")]
    public void Should_be_refused(string address)
    {
        var parsed = IPAddress.Parse(address);

        Assert.NotNull(AddressClass.Of(parsed));
        Assert.Throws<OutboundRefusedException>(() => OutboundStand.Guard().Permitted("target.example", 80, [parsed]));
    }

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("8.8.8.8")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::8.8.8.8")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001::1")]
    public void Should_be_told_from_one_that_is(string address) =>
        Assert.Null(AddressClass.Of(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://127.0.0.1/")]
    [InlineData("http://127.1/")]
    [InlineData("http://2130706433/")]
    [InlineData("http://0x7f000001/")]
    [InlineData("http://0x7f.0.0.1/")]
    [InlineData("http://0177.0.0.1/")]
    [InlineData("http://[::1]/")]
    [InlineData("http://[::ffff:127.0.0.1]/")]
    [InlineData("http://[::ffff:7f00:1]/")]
    [InlineData("http://[0:0:0:0:0:ffff:169.254.169.254]/")]
    [InlineData("http://[64:ff9b::7f00:1]/")]
    [InlineData("http://[fe80::1%25eth0]/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("https://10.0.0.1:8443/")]
    [InlineData("http://0/")]
    [InlineData("unix:///var/run/docker.sock")]
    [InlineData("http+unix://%2Fvar%2Frun%2Fdocker.sock/info")]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://files.example/")]
    [InlineData("gopher://files.example/")]
    [InlineData("http://admin:secret@files.example/")]
    [InlineData("/relative")]
    [InlineData("files.example")]
    [InlineData("")]
    [InlineData("http://")]
    public void Should_be_refused_in_every_spelling_before_anything_is_looked_up(string url) =>
        Assert.NotNull(OutboundStand.Guard().Problem(url));

    [Theory]
    [InlineData("https://hooks.example/path?query=1")]
    [InlineData("http://8.8.8.8:8080/")]
    [InlineData("https://[2606:4700:4700::1111]/")]
    public void Should_not_stand_in_the_way_of_others(string url) => Assert.Null(OutboundStand.Guard().Problem(url));

    [Fact]
    public void Should_say_nothing_of_a_password_that_is_refused()
    {
        var refused = Assert.Throws<OutboundRefusedException>(() => OutboundStand.Guard().ThrowIfRefused(new Uri("http://admin:hunter2@files.example/")));
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
    }
}
