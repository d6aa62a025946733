using System.ComponentModel.DataAnnotations;
using System.Net;
using Orchestrator.Sagas.Outbound;

namespace Orchestrator.Tests.Outbound;

public sealed class When_a_target_is_allowed
{
    [Theory]
    [InlineData("127.0.0.1", "a.example", "127.0.0.1", 80, true)]
    [InlineData("127.0.0.1", "a.example", "::ffff:127.0.0.1", 80, true)]
    [InlineData("127.0.0.1", "a.example", "127.0.0.2", 80, false)]
    [InlineData("127.0.0.1:9000", "a.example", "127.0.0.1", 9000, true)]
    [InlineData("127.0.0.1:9000", "a.example", "127.0.0.1", 9001, false)]
    [InlineData("10.1.0.0/16", "a.example", "10.1.200.3", 443, true)]
    [InlineData("10.1.0.0/16", "a.example", "10.2.0.1", 443, false)]
    [InlineData("10.1.0.0/16:8080", "a.example", "10.1.0.1", 8080, true)]
    [InlineData("10.1.0.0/16:8080", "a.example", "10.1.0.1", 80, false)]
    [InlineData("::1", "a.example", "::1", 80, true)]
    [InlineData("[::1]:9000", "a.example", "::1", 9000, true)]
    [InlineData("[::1]:9000", "a.example", "::1", 80, false)]
    [InlineData("fd00::/8", "a.example", "fd12::1", 80, true)]
    [InlineData("[fd00::/8]:80", "a.example", "fd12::1", 80, true)]
    [InlineData("[fd00::/8]:80", "a.example", "fd12::1", 81, false)]
    [InlineData("build.internal", "build.internal", "10.0.0.1", 80, true)]
    [InlineData("build.internal", "BUILD.internal.", "10.0.0.1", 80, true)]
    [InlineData("build.internal:80", "build.internal", "10.0.0.1", 81, false)]
    [InlineData("build.internal", "evil-build.internal", "10.0.0.1", 80, false)]
    [InlineData("*.internal", "build.internal", "10.0.0.1", 80, true)]
    [InlineData("*.internal", "a.b.internal", "10.0.0.1", 80, true)]
    [InlineData("*.internal", "internal", "10.0.0.1", 80, false)]
    [InlineData("*.internal", "xinternal", "10.0.0.1", 80, false)]
    public void Should_be_reached_there_and_nowhere_else(string allow, string host, string address, int port, bool expected)
    {
        var guard = OutboundStand.Guard(allow);
        if (expected)
            Assert.Single(guard.Permitted(host, port, [IPAddress.Parse(address)]));
        else
            Assert.Throws<OutboundRefusedException>(() => guard.Permitted(host, port, [IPAddress.Parse(address)]));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("http://build.internal")]
    [InlineData("build.internal:0")]
    [InlineData("build.internal:99999")]
    [InlineData("build.internal:http")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.1")]
    [InlineData("300.0.0.1")]
    [InlineData("[fd00::/8")]
    [InlineData("*")]
    [InlineData("a..b")]
    public void Should_be_written_so_that_it_can_be_understood(string allow)
    {
        var options = new OutboundOptions { Allow = [allow] };
        Assert.False(Validator.TryValidateObject(options, new ValidationContext(options), validationResults: null, validateAllProperties: true));
    }
}
