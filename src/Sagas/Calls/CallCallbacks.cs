using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Orchestrator.Contracts.Calls;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Calls;

/// <summary>Asks for the delivery of outcomes, and signs them.</summary>
public static class CallCallbacks
{
    /// <summary>Header of the signature: <c>t=UNIX_SECONDS,v1=HEX</c>.</summary>
    public const string SignatureHeader = "Orchestrator-Signature";

    /// <summary>Has the outcome delivered once the transaction has committed, if the caller wants it.</summary>
    public static void Request(DurableTransaction transaction, string callId, string? url, DateTimeOffset now, ActivityContext cause)
    {
        if (url is not null)
            transaction.Publish(Envelope.Command(new DeliverCallback { CallId = callId, Attempt = 1 }, now, cause));
    }

    /// <summary><c>t=…,v1=hex(HMAC-SHA256(secret, t.body))</c>.</summary>
    public static string Sign(string secret, DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        var seconds = now.ToUnixTimeSeconds();
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hash.AppendData(Encoding.UTF8.GetBytes($"{seconds}."));
        hash.AppendData(body);
        return $"t={seconds},v1={Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }
}
