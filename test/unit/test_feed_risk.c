#include "unit.h"

#include "feed_collect.h"

static void epss_gives_probabilities(void **state UNUSED)
{
	struct feed_collect t = { 0 };

	assert_string_equal(
		feed_collect_text(
			&t, "epss.csv",
			S("#model_version:v1,score_date:2024-01-13T00:00:00+0000\n"
			  "cve,epss,percentile\nCVE-2024-0001,0.5,0.9\nCVE-2024-0002,oops,0\n")),
		"epss");
	assert_string_equal(buf_cstr(&t.facts), "CVE-2024-0001 unknown - - 0.5 0 0 - -\n");
	assert_string_equal(buf_cstr(&t.unreadable),
			    "epss.csv:CVE-2024-0002: line 4: no CVE with a probability\n");
	assert_string_equal(buf_cstr(&t.as_of), "epss 2024-01-13\n");
	feed_collect_done(&t);
}

static void kev_as_json_and_csv(void **state UNUSED)
{
	assert_facts("kev.json", "kev",
		     "{\"catalogVersion\":\"1\",\"vulnerabilities\":[{\"cveID\":\"CVE-2024-0001\","
		     "\"vulnerabilityName\":\"Bad\","
		     "\"dateAdded\":\"2024-02-03\",\"knownRansomwareCampaignUse\":\"Known\","
		     "\"cwes\":[\"CWE-79\",\"CWE-80\"]}]}",
		     "CVE-2024-0001 unknown Bad - -1 3 0 2024-02-03 CWE-79 CWE-80\n");
	assert_facts("kev.csv", "kev",
		     "cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,"
		     "requiredAction,dueDate,"
		     "knownRansomwareCampaignUse,notes,cwes\nCVE-2024-0001,V,P,\"Bad, "
		     "really\",2024-02-03,d,a,2024-03-01,Unknown,"
		     "n,\"CWE-79, CWE-80\"\n",
		     "CVE-2024-0001 unknown Bad, really - -1 1 0 2024-02-03 CWE-79 CWE-80\n");
	assert_unreadable(
		"kev.json", "kev",
		"{\"catalogVersion\":\"1\",\"vulnerabilities\":[{\"cveID\":\"CVE-2024-0001\"}]}",
		"kev.json:CVE-2024-0001: no CVE with the date it was added\n");
}

static void exploit_facts(void **state UNUSED)
{
	assert_facts(
		"x/files_exploits.csv", "exploit-db",
		"id,file,description,date_published,author,type,platform,port,date_added,date_"
		"updated,verified,codes\n"
		"1,f,\"A, "
		"B\",2011-03-11,a,dos,aix,,2011-03-11,2011-03-06,1,CVE-2009-3699;OSVDB-58726;CVE-"
		"2009-0001\n"
		"2,f,none,2011-03-11,a,dos,aix,,2011-03-11,2011-03-06,1,\n",
		"CVE-2009-3699 unknown - - -1 4 0 - -\nCVE-2009-0001 unknown - - -1 4 0 - -\n");
	assert_unreadable("x/files_exploits.csv", "exploit-db",
			  "id,file,description,date_published,author\n1,f,none,2011-03-11,a\n",
			  "x/files_exploits.csv: has no column 'codes'\n");
	assert_facts("metasploit-cves.txt", "metasploit", "\"CVE-2007-4387\"\n",
		     "CVE-2007-4387 unknown - - -1 8 0 - -\n");
	assert_facts("db/modules_metadata_base.json", "metasploit",
		     "{\"m\":{\"name\":\"x "
		     "CVE-2000-0001\",\"references\":[\"CVE-2014-6041\",\"URL-x\"]}}",
		     "CVE-2014-6041 unknown - - -1 8 0 - -\n");
	assert_facts("nuclei/cves.json", "nuclei",
		     "{\"ID\":\"CVE-2000-0114\",\"Info\":{\"Name\":\"CVE-1999-0001\"}}\n",
		     "CVE-2000-0114 unknown - - -1 10 0 - -\n");
	assert_unreadable("nuclei-cves.txt", "nuclei", "CVE-2000-0114\nnothing\n",
			  "nuclei-cves.txt: line 2: no CVE id\n");
	assert_facts("poc.csv", "poc-counts",
		     "cve,poc_refs,github_repos,first_github\nCVE-1999-0001,0,20,u\nCVE-1999-0088,"
		     "2,5,u\n",
		     "CVE-1999-0088 unknown - - -1 20 2 - -\n");
	assert_facts("cvss-bt.csv", "cvss-bt",
		     "cve,cvss-bt_score,cvss-bt_severity,cvss-bt_vector,cvss_version,base_score,"
		     "base_severity,base_vector,assigner,"
		     "published_date,epss,cisa_kev,vulncheck_kev,exploitdb,metasploit,nuclei,poc_"
		     "github\n"
		     "CVE-1999-0095,9.0,HIGH,x,2.0,10.0,HIGH,AV:N/AC:L/Au:N/C:C/I:C/"
		     "A:C,a,1988-10-01T04:00Z,0.07,False,True,True,"
		     "False,False,True\n",
		     "CVE-1999-0095 high - AV:N/AC:L/Au:N/C:C/I:C/A:C -1 24 0 - -\n");
}

static void descriptions_and_nvd(void **state UNUSED)
{
	assert_facts("d.jsonl", "cve-descriptions",
		     "{\"id\": \"CVE-1999-0001\", \"description\": \"text\", \"cwe\": [\"Improper "
		     "thing (CWE-20)\", \"n/a\"]}\n",
		     "CVE-1999-0001 unknown - - -1 0 0 - CWE-20\n");
	assert_facts("nvd/page.json", "nvd",
		     "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[{\"cve\":{\"id\":\"CVE-2020-"
		     "0001\",\"sourceIdentifier\":\"a\","
		     "\"descriptions\":[{\"lang\":\"es\",\"value\":\"no\"},{\"lang\":\"en\","
		     "\"value\":\"yes\"}],\"metrics\":{"
		     "\"cvssMetricV31\":[{\"source\":\"nvd@nist.gov\",\"cvssData\":{"
		     "\"vectorString\":\"CVSS:3.1/AV:L\",\"baseScore\":7.8,"
		     "\"baseSeverity\":\"HIGH\"}}]},\"weaknesses\":[{\"description\":[{\"value\":"
		     "\"CWE-787\"},{\"value\":\"NVD-CWE-Other\"}]}]}}]}",
		     "CVE-2020-0001 high - CVSS:3.1/AV:L -1 0 0 - CWE-787\n");
	assert_unreadable("nvd/one.json", "nvd",
			  "{\"vulnerabilities\":[{\"cve\":{\"id\":\"CVE-1\"}",
			  "nvd/one.json: JSON line 1 column 42: unexpected end of data\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(epss_gives_probabilities),
		cmocka_unit_test(kev_as_json_and_csv),
		cmocka_unit_test(exploit_facts),
		cmocka_unit_test(descriptions_and_nvd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
