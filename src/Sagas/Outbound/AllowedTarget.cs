using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Orchestrator.Sagas.Outbound;

/// <summary>One entry of <c>Outbound:Allow</c>: a host name or a network, on one port or on all.</summary>
public sealed partial class AllowedTarget
{
    private readonly string? _host;
    private readonly IPNetwork _network;
    private readonly int? _port;

    private AllowedTarget(string host, int? port) => (_host, _port) = (host, port);

    private AllowedTarget(IPNetwork network, int? port) => (_network, _port) = (network, port);

    /// <summary>Null when the text is none.</summary>
    public static AllowedTarget? Parse(string text)
    {
        if (Network(text) is { } whole)
            return new AllowedTarget(whole, port: null);
        if (Form().Match(text) is not { Success: true } match || Port(match.Groups["port"]) is not { } port)
            return null;
        int? only = port == 0 ? null : port;
        if (match.Groups["bracketed"] is { Success: true } bracketed)
            return Network(bracketed.Value) is { } network ? new AllowedTarget(network, only) : null;
        var target = match.Groups["target"].Value;
        if (Network(target) is { } ip)
            return new AllowedTarget(ip, only);
        return Host().IsMatch(target) && !NumbersOnly().IsMatch(target) ? new AllowedTarget(target.ToLowerInvariant(), only) : null;
    }

    /// <summary>Whether this entry lets a host, which has this address, be reached on this port.</summary>
    public bool Covers(string host, IPAddress address, int port)
    {
        if (_port is not null && _port != port)
            return false;
        if (_host is null)
            return _network.Contains(address);
        return _host.StartsWith("*.", StringComparison.Ordinal)
            ? host.Length >= _host.Length && host.EndsWith(_host[1..], StringComparison.OrdinalIgnoreCase)
            : string.Equals(host, _host, StringComparison.OrdinalIgnoreCase);
    }

    private static IPNetwork? Network(string text)
    {
        if (text.Contains('/', StringComparison.Ordinal))
            return IPNetwork.TryParse(text, out var network) ? network : null;
        // Four numbers or colons: the short and hexadecimal forms of addresses would be taken for mistakes. What is in
        // brackets has a port behind it, which the parser would pass over.
        if (text.StartsWith('[') || !IPAddress.TryParse(text, out var address) || (!text.Contains(':', StringComparison.Ordinal) && text.Split('.').Length != 4))
            return null;
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return new IPNetwork(address, address.GetAddressBytes().Length * 8);
    }

    /// <summary>0 when no port is named, null when it is none.</summary>
    private static int? Port(Group group)
    {
        if (!group.Success)
            return 0;
        return ushort.TryParse(group.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0 ? port : null;
    }

    [GeneratedRegex(@"^(\[(?<bracketed>[^\]]+)\]|(?<target>[^:\[\]]+))(:(?<port>[0-9]+))?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();

    [GeneratedRegex(@"^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Host();

    [GeneratedRegex(@"^[0-9.]+$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NumbersOnly();
}
