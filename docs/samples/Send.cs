// Send.exe OPERATION BODY ORDER: sends the body only if refundkit finds no error in it.
using System;
using System.Diagnostics;
using System.IO;
using System.Text;

static class Send
{
    // Body and order are texts: what is checked is what is sent, to the last digit.
    static bool Check(string operation, string body, string order, out string report)
    {
        var start = new ProcessStartInfo("refundkit", "check - --require-context --output-format json")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.UTF8,
            UseShellExecute = false,
        };
        using (var process = Process.Start(start))
        {
            var request = "{\"operation\": \"" + operation + "\", \"body\": " + body + ", \"order\": " + order + "}";
            var bytes = new UTF8Encoding(false).GetBytes(request);
            process.StandardInput.BaseStream.Write(bytes, 0, bytes.Length);
            process.StandardInput.Close();
            report = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode > 1 || process.ExitCode < 0)
                throw new InvalidOperationException("exit status " + process.ExitCode);
            return process.ExitCode == 0;
        }
    }

    static int Main(string[] arguments)
    {
        try
        {
            string report;
            if (Check(arguments[0], File.ReadAllText(arguments[1]), File.ReadAllText(arguments[2]), out report))
            {
                Console.WriteLine("clean"); // HttpClient.PostAsync(…) goes here
                return 0;
            }
            Console.WriteLine("not sent: " + report); // its "findings" say why
            return 1;
        }
        catch (Exception error)
        {
            Console.WriteLine("not sent: it could not be checked: " + error.Message);
            return 2;
        }
    }
}
