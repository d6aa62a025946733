using System.Text;

namespace Orchestrator.Sagas.Clones;

/// <summary>
/// How hard a password is to guess, in bits, counted as the original does: what its characters could have been, to the
/// power of its length without long repeats and runs.
/// </summary>
public static class PasswordStrength
{
    /// <summary>A weaker password is refused.</summary>
    public const double LeastBits = 60;

    private static readonly string[] Kinds =
        ["!@$&*", "_-., ", "\"#%'()+/:;<=>?[\\]^{|}~", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"];

    private static readonly string[] Sequences = ["0123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz"];

    public static double BitsOf(string password)
    {
        var runes = password.EnumerateRunes().Distinct().ToList();
        var choices = Kinds.Where(kind => runes.Exists(rune => IsIn(kind, rune))).Sum(kind => kind.Length)
            + runes.Count(rune => !Array.Exists(Kinds, kind => IsIn(kind, rune)));
        return choices == 0 ? 0 : Math.Log2(choices) * LengthOf(password);
    }

    private static bool IsIn(string kind, Rune rune) => rune.IsBmp && kind.Contains((char)rune.Value, StringComparison.Ordinal);

    private static int LengthOf(string password)
    {
        var left = WithoutRepeats([.. password.EnumerateRunes()]);
        foreach (var sequence in Sequences)
            RemoveRuns(left, sequence);
        foreach (var sequence in Sequences)
            RemoveRuns(left, string.Concat(sequence.Reverse()));
        return left.Sum(rune => rune.Utf8SequenceLength);
    }

    private static List<Rune> WithoutRepeats(List<Rune> runes)
    {
        var left = new List<Rune>();
        for (var i = 0; i < runes.Count; i++)
        {
            if (i < 2 || runes[i] != runes[i - 1] || runes[i] != runes[i - 2])
                left.Add(runes[i]);
        }

        return left;
    }

    private static void RemoveRuns(List<Rune> runes, string sequence)
    {
        var matches = 0;
        for (var i = 0; i < runes.Count; i++)
        {
            for (var j = 0; j < sequence.Length && i < runes.Count; j++)
            {
                if (runes[i].Value != sequence[j])
                {
                    matches = 0;
                    continue;
                }

                if (++matches > 2)
                    runes.RemoveAt(i);
                else
                    i++;
            }
        }
    }
}
