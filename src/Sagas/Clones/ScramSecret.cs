using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Sagas.Clones;

/// <summary>
/// Makes of a password what Postgres keeps in its place (RFC 5802, RFC 7677): with it a password can be checked, and not
/// be found out.
/// </summary>
public static class ScramSecret
{
    private const int Iterations = 4096;
    private const int SaltBytes = 16;

    /// <summary><c>SCRAM-SHA-256$4096:salt$StoredKey:ServerKey</c>, with a salt of its own.</summary>
    public static string VerifierOf(string password) => VerifierOf(password, RandomNumberGenerator.GetBytes(SaltBytes));

    internal static string VerifierOf(string password, byte[] salt)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(Prepared(password)), salt, Iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);
        var storedKey = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        return $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}${Convert.ToBase64String(storedKey)}:{Convert.ToBase64String(serverKey)}";
    }

    // SASLprep (RFC 4013) as Postgres and libpq do it: a password that it prohibits is taken as it is.
    private static string Prepared(string password)
    {
        if (Ascii.IsValid(password))
            return password;
        var mapped = new StringBuilder(password.Length);
        foreach (var rune in password.EnumerateRunes())
        {
            if (IsMappedToNothing(rune.Value))
                continue;
            mapped.Append(rune.Value is 0xA0 or 0x1680 or (>= 0x2000 and <= 0x200B) or 0x202F or 0x205F or 0x3000 ? " " : rune.ToString());
        }

        var prepared = mapped.ToString().Normalize(NormalizationForm.FormKC);
        return prepared.Length == 0 || prepared.EnumerateRunes().Any(IsProhibited) ? password : prepared;
    }

    private static bool IsMappedToNothing(int value) =>
        value is 0xAD or 0x34F or 0x1806 or (>= 0x180B and <= 0x180D) or 0x200C or 0x200D or 0x2060 or 0xFEFF or (>= 0xFE00 and <= 0xFE0F);

    private static bool IsProhibited(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Control or System.Globalization.UnicodeCategory.PrivateUse
            or System.Globalization.UnicodeCategory.Surrogate or System.Globalization.UnicodeCategory.OtherNotAssigned
            or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator;
}
