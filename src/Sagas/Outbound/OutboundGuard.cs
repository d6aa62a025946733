using System.Net;
using Microsoft.Extensions.Options;

namespace Orchestrator.Sagas.Outbound;

/// <summary>Decides which targets a request that a user directs may reach.</summary>
public sealed class OutboundGuard(IOptions<OutboundOptions> options)
{
    private readonly AllowedTarget[] _allowed = [.. options.Value.Allow.Select(AllowedTarget.Parse).OfType<AllowedTarget>()];

    /// <summary>
    /// What is wrong with an address before anything is looked up, in words for whoever wrote it; null when nothing is.
    /// A host name may still turn out to be refused when it is resolved.
    /// </summary>
    public string? Problem(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) ? Problem(uri) : "it is not an absolute URL.";

    /// <inheritdoc cref="Problem(string)"/>
    public string? Problem(Uri url)
    {
        if (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps))
            return "only http and https are allowed.";
        if (url.UserInfo.Length > 0)
            return "it must not hold a user name or a password; use a header.";
        if (url.IdnHost.Length == 0)
            return "it names no host.";
        return IPAddress.TryParse(url.IdnHost, out var address) && !Permits(url.IdnHost, address, url.Port)
            ? Refusal(url.IdnHost, AddressClass.Of(address)!)
            : null;
    }

    /// <exception cref="OutboundRefusedException"><see cref="Problem(Uri)"/> says why.</exception>
    public void ThrowIfRefused(Uri url)
    {
        if (Problem(url) is { } problem)
            throw new OutboundRefusedException($"The request to {Target(url)} is refused: {problem}");
    }

    /// <summary>The addresses of a host that may be connected to.</summary>
    /// <exception cref="OutboundRefusedException">There is none.</exception>
    public IPAddress[] Permitted(string host, int port, IReadOnlyList<IPAddress> addresses)
    {
        IPAddress[] permitted = [.. addresses.Where(address => Permits(host, address, port))];
        return permitted.Length > 0 || addresses.Count == 0
            ? permitted
            : throw new OutboundRefusedException($"The request to {host}:{port} is refused: {Refusal(host, AddressClass.Of(addresses[0])!)}");
    }

    private static string Refusal(string host, string kind) =>
        $"{host} is {kind}. Allow it with Outbound:Allow if it is meant.";

    private static string Target(Uri url) => url.IsAbsoluteUri ? $"{url.Scheme}://{url.Authority[(url.Authority.IndexOf('@', StringComparison.Ordinal) + 1)..]}" : "a relative address";

    private bool Permits(string host, IPAddress address, int port)
    {
        if (AddressClass.Of(address) is null)
            return true;
        var plain = AddressClass.Unwrap(address);
        var name = host.TrimEnd('.');
        return _allowed.Any(allowed => allowed.Covers(name, plain, port));
    }
}
